// Elements in one expression.

// element("button", {type: "button", class: "primary", text: "Go", on: {click}, data: {state}}, ...children)
export function element(tag, { class: className, text, on = {}, data = {}, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  return dress(made, { className, text, on, data, attributes }, children);
}

export function svg(tag, { class: className, text, on = {}, data = {}, ...attributes } = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  return dress(made, { className, text, on, data, attributes }, children);
}

function dress(made, { className, text, on, data, attributes }, children) {
  if (className) made.setAttribute("class", className);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  for (const [name, value] of Object.entries(data)) made.dataset[name] = value;
  for (const [name, listener] of Object.entries(on)) made.addEventListener(name, listener);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function button(text, click, options = {}) {
  return element("button", { type: "button", text, ...options, on: { click, ...options.on } });
}
