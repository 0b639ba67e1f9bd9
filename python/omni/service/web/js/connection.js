// The websocket: messages in, and a new try with growing pauses when it is lost.

import { t } from "./texts.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const QUIET_MS = 6_000; // the service speaks every second

export class Connection {
  #url; #on; #pause = FIRST_PAUSE_MS; #socket = null; #watchdog = 0;

  // on: {open(), lost(reason, pauseMs), picture(header, jpegBlob), message(document)}
  constructor(url, on) {
    this.#url = url;
    this.#on = on;
    this.#connect();
  }

  #connect() {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#on.open();
    socket.onmessage = ({ data }) => {
      this.#pause = FIRST_PAUSE_MS;
      this.#expectMore();
      if (typeof data === "string") this.#on.message(JSON.parse(data));
      else this.#on.picture(...picture(data));
    };
    socket.onclose = ({ reason }) => this.#lost(socket, reason);
    this.#expectMore();
  }

  #expectMore() {
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    this.#watchdog = setTimeout(() => this.#lost(socket, t("frame.silent")), QUIET_MS);
  }

  #lost(socket, reason) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#watchdog);
    this.#socket = null;
    socket.close();
    const pause = this.#pause;
    this.#pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    this.#on.lost(reason, pause);
    setTimeout(() => this.#connect(), pause * (0.8 + 0.4 * Math.random()));
  }
}

// Length of the header (4 bytes, big-endian), header (JSON), JPEG.
function picture(buffer) {
  const length = new DataView(buffer).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return [header, new Blob([new Uint8Array(buffer, 4 + length)], { type: "image/jpeg" })];
}
