"use strict";
// Words and numbers, as people read them.

const GROUPS = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const DIGITS = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const PENNIES = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

// Characters that change the direction of text, or that nobody sees, are written as their code points.
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

function visible(text) {
  return String(text).replace(UNSEEN, (character) => {
    if (character === "\n" || character === "\t") return " ";
    return `\u27e8U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
  });
}

function whole(count) {
  return GROUPS.format(count);
}

function counted(count, noun) {
  return `${whole(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function words(name) {
  return visible(name).replaceAll("_", " ");
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function decimal(value) {
  return Math.abs(value) >= 1000 ? GROUPS.format(value) : DIGITS.format(value);
}

function duration(seconds) {
  const size = Math.abs(seconds);
  if (size < 1) return `${DIGITS.format(seconds * 1000)} ms`;
  if (size < 60) return `${DIGITS.format(seconds)} s`;
  const sign = seconds < 0 ? "-" : "";
  const units = [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const first = units.findIndex(([length]) => size >= length);
  const [[large, name], [small, smallName]] = units.slice(first, first + 2);
  let count = Math.floor(size / large);
  let rest = Math.round((size - count * large) / small);
  if (rest * small >= large) [count, rest] = [count + 1, 0];
  return `${sign}${whole(count)} ${name}${rest ? ` ${rest} ${smallName}` : ""}`;
}

function bytes(count) {
  const power = count ? Math.min(Math.floor(Math.log2(Math.abs(count)) / 10), BYTES.length - 1) : 0;
  return `${DIGITS.format(count / 1024 ** Math.max(power, 0))} ${BYTES[Math.max(power, 0)]}`;
}

// The unit of a number is the last word of its name.
const UNITS = {
  seconds: { format: duration, head: "time" },
  ms: { format: (value) => duration(value / 1000), head: "time" },
  bytes: { format: bytes, head: "size" },
  days: { format: (value) => `${decimal(value)} d`, head: "" },
  hours: { format: (value) => `${decimal(value)} h`, head: "" },
  credits: { format: (value) => PENNIES.format(value) },
  percent: { format: (value) => `${DIGITS.format(value)} %` },
  share: { format: (value) => `${DIGITS.format(value * 100)} %` },
  ratio: { format: (value) => `\u00d7${DIGITS.format(value)}` },
  trend: { format: (value) => `\u00d7${DIGITS.format(value)}` },
};

function unitOf(name) {
  return UNITS[name.split("_").at(-1).toLowerCase()];
}

function number(name, value) {
  if (value === null || value === undefined) return "unknown";
  if (typeof value !== "number") return visible(Array.isArray(value) ? value.join(", ") : value);
  return (unitOf(name)?.format ?? decimal)(value);
}

function heading(name) {
  const parts = name.split("_");
  const head = unitOf(name)?.head;
  const others = parts.slice(0, -1);
  if (head && others.at(-1) !== head) return words([...others, head].join("_"));
  return words(head !== undefined && others.length ? others.join("_") : name);
}

const KINDS_OF_FINDINGS = {
  stale_report: { title: "Stale reports", mark: "stale" },
  deletable_report: { title: "Deletable reports", mark: "deletable" },
  unused_model: { title: "Unused models", mark: "unused" },
  unused_column: { title: "Unused columns", mark: "unused columns" },
  slow_model: { title: "Slow models", mark: "slow" },
  important_model: { title: "Important models", mark: "important" },
  exposures: { title: "Exposures to update", mark: "exposures" },
};

function findingTitle(kind) {
  return KINDS_OF_FINDINGS[kind]?.title ?? capital(words(kind));
}

function findingMark(kind) {
  return KINDS_OF_FINDINGS[kind]?.mark ?? words(kind);
}
