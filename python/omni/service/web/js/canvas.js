// A canvas that is sharp on every screen and drawn at most once a picture of the screen.

export class Surface {
  #wanted = false; #draw; #watcher;
  width = 0; height = 0; // CSS pixels

  constructor(canvas, draw) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.#draw = draw;
    this.#watcher = new ResizeObserver(([{ contentRect }]) => {
      this.width = contentRect.width;
      this.height = contentRect.height;
      this.redraw();
    });
    this.#watcher.observe(canvas);
  }

  close() {
    this.#watcher.disconnect();
    this.#draw = () => {};
  }

  redraw() {
    if (this.#wanted) return;
    this.#wanted = true;
    requestAnimationFrame(() => {
      this.#wanted = false;
      this.#fit();
      if (this.width && this.height) this.#draw(this.context);
    });
  }

  #fit() {
    const scale = devicePixelRatio || 1;
    const [width, height] = [Math.round(this.width * scale), Math.round(this.height * scale)];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
  }
}

export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

// As much of a text as is no wider than that, in the context's font; an ellipsis stands for the rest.
export function fitting(context, text, width) {
  const whole = context.measureText(text).width;
  if (whole <= width) return text;
  const letters = [...text].slice(0, Math.ceil([...text].length * width / whole));
  while (letters.length && context.measureText(`${letters.join("")}\u2026`).width > width) letters.pop();
  return `${letters.join("")}\u2026`;
}

// x, y and size of the largest picture of this size that fits.
export function contain(width, height, intoWidth, intoHeight) {
  const scale = Math.min(intoWidth / width, intoHeight / height);
  return { x: (intoWidth - width * scale) / 2, y: (intoHeight - height * scale) / 2, scale };
}
