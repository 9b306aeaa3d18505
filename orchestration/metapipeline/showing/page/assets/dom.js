"use strict";
// Text from the world enters the document here and only as text nodes or as attribute values.

const LONG_WORD = /\S{24,}/g;
const SVG = "http://www.w3.org/2000/svg";

function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

// Text that somebody else wrote: isolated from the direction of its surroundings; long names may break after their parts.
function foreign(text) {
  const parts = visible(text)
    .replace(LONG_WORD, (word) => word.replace(/[_./]/g, "$&\u200b"))
    .split("\u200b");
  return element(
    "bdi",
    {},
    parts.flatMap((part, at) => (at ? [document.createElement("wbr"), part] : [part])),
  );
}

// A link inside the page. `change` is what it changes in the state; the address is renewed when the link is used.
function go(change, attributes, ...children) {
  const link = element("a", { href: address(change), ...attributes }, ...children);
  link.change = change;
  return link;
}

// The first rows, and a button that appends the next ones in their place.
function paged(container, rows, make, size) {
  let shown = 0;
  const more = element("button", { type: "button", class: "more" });
  const extend = (count) => {
    container.append(...rows.slice(shown, shown + count).map(make));
    shown = Math.min(shown + count, rows.length);
    more.textContent = `Show ${whole(Math.min(rows.length - shown, size * 4))} more of ${whole(rows.length)}`;
    if (shown === rows.length) more.remove();
  };
  more.addEventListener("click", () => {
    const next = shown;
    extend(size * 4);
    container.children[next]?.querySelector("a")?.focus();
  });
  extend(size);
  return shown < rows.length ? [container, more] : [container];
}
