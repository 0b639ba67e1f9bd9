// What one endpoint was never told: a list that is read when it is opened, newest first.

const MOST_SHOWN = 50;

export class DeadLetters {
  #list = document.createElement("ul"); #summary = document.createElement("summary"); #read; #act; #count = 0;

  // read: () -> letters; act: (what, letter id) -> done. Both may fail, and tell of it themselves.
  constructor(read, act) {
    this.#read = read;
    this.#act = act;
    this.element = document.createElement("details");
    this.element.className = "letters";
    this.element.hidden = true;
    this.element.append(this.#summary, this.#list);
    this.element.addEventListener("toggle", () => this.#show());
  }

  update(count) {
    if (count === this.#count) return;
    this.#count = count;
    this.element.hidden = !count;
    this.#summary.textContent = `${count.toLocaleString("en")} given up`;
    this.#show();
  }

  async #show() {
    if (!this.element.open || !this.#count) return;
    const letters = await this.#read();
    const shown = letters.sort((a, b) => b.given_up_at - a.given_up_at).slice(0, MOST_SHOWN);
    this.#list.replaceChildren(...shown.map((letter) => this.#row(letter)));
    if (letters.length > shown.length) this.#list.append(item(`and ${letters.length - shown.length} older ones`));
  }

  #row({ id, reason, cause, attempts, given_up_at: at }) {
    const when = new Date(1000 * at).toLocaleString([], { dateStyle: "short", timeStyle: "medium" });
    const row = item(`${when} \u00b7 ${reason} \u00b7 ${attempts}\u00d7 \u00b7 ${cause}`);
    row.append(this.#button("Send again", "replay", id), this.#button("Forget", "purge", id));
    return row;
  }

  #button(label, what, id) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", async () => {
      made.disabled = true;
      await this.#act(what, id);
      made.disabled = false;
      await this.#show();
    });
    return made;
  }
}

function item(text) {
  const made = document.createElement("li");
  const words = document.createElement("span");
  words.textContent = text;
  made.append(words);
  return made;
}
