// How things on the floor map are drawn. Places are CSS pixels, unless said otherwise.

import { FONT, fitting } from "./canvas.js";
import { colour } from "./people.js";
import { t } from "./texts.js";

export const SIGMAS = 2;
const RADIUS = 11;
const NAME_WIDTH = 180; // of a camera's at most

export function drawPuck(context, x, y, person, seen, lit) {
  context.font = `680 11.5px ${FONT}`;
  const half = Math.max(RADIUS, context.measureText(person.label).width / 2 + 6);
  const puck = (grow) => {
    context.beginPath();
    context.roundRect(x - half - grow, y - RADIUS - grow, 2 * (half + grow), 2 * (RADIUS + grow), RADIUS + grow);
  };
  context.fillStyle = "#0b0e12";
  puck(lit ? 4.5 : 2.5);
  context.globalAlpha *= 0.75;
  context.fill();
  context.globalAlpha /= 0.75;
  context.fillStyle = lit ? "#fff" : colour(person.hue);
  puck(lit ? 2.5 : 0);
  context.fill();
  if (lit || !seen) {
    context.fillStyle = seen ? colour(person.hue) : "#0b0e12";
    puck(seen ? 0 : -2);
    context.fill();
  }
  context.fillStyle = seen ? "#0b0e12" : colour(person.hue);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(person.label, x, y + 0.5);
}

// A wedge whose tip is where the person will be.
export function drawTick(context, x, y, [vx, vy], reach, hue) {
  const speed = Math.hypot(vx, vy);
  const length = Math.max(speed * reach, RADIUS + 7);
  const heading = Math.atan2(vy, vx);
  const side = (turn) => [x + RADIUS * Math.cos(heading + turn), y + RADIUS * Math.sin(heading + turn)];
  context.beginPath();
  context.moveTo(...side(-0.75));
  context.lineTo(x + length * Math.cos(heading), y + length * Math.sin(heading));
  context.lineTo(...side(0.75));
  context.closePath();
  context.lineJoin = "round";
  context.strokeStyle = "#0b0e12bf";
  context.lineWidth = 5;
  context.stroke();
  context.fillStyle = colour(hue);
  context.fill();
}

export function drawEllipse(context, x, y, covariance, scale, hue) {
  const [wide, narrow, angle] = axes(covariance);
  context.beginPath();
  context.ellipse(x, y, SIGMAS * wide * scale, SIGMAS * narrow * scale, angle, 0, 2 * Math.PI);
  context.fillStyle = colour(hue, 0.2);
  context.fill();
  context.strokeStyle = colour(hue, 0.85);
  context.lineWidth = 1;
  context.stroke();
}

// Standard deviations along the long and the short axis, and the angle of the long one.
export function axes([[a, b], [, d]]) {
  const [mean, spread] = [(a + d) / 2, Math.hypot((a - d) / 2, b)];
  return [Math.sqrt(mean + spread), Math.sqrt(Math.max(mean - spread, 0)), Math.atan2(2 * b, a - d) / 2];
}

export function drawGrid(context, { width, height }, place, metresPerUnit, dark) {
  const step = nice(48 / (place.scale / metresPerUnit)) * (place.scale / metresPerUnit);
  context.fillStyle = dark ? "#0e1217" : "#f5f6f8";
  context.fillRect(0, 0, width, height);
  context.strokeStyle = dark ? "#222933" : "#e2e6eb";
  context.lineWidth = 1;
  context.beginPath();
  for (let x = ((place.x % step) + step) % step; x < width; x += step) { context.moveTo(Math.round(x) + 0.5, 0); context.lineTo(Math.round(x) + 0.5, height); }
  for (let y = ((place.y % step) + step) % step; y < height; y += step) { context.moveTo(0, Math.round(y) + 0.5); context.lineTo(width, Math.round(y) + 0.5); }
  context.stroke();
}

export function drawScale(context, [x, y], pixelsPerMetre, dark) {
  const metres = nice(70 / pixelsPerMetre);
  const length = metres * pixelsPerMetre;
  context.fillStyle = dark ? "#13171de6" : "#ffffffe6";
  context.beginPath();
  context.roundRect(x - 8, y - 18, length + 16, 29, 6);
  context.fill();
  context.strokeStyle = context.fillStyle = dark ? "#e8ebf0" : "#15191f";
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, y); context.lineTo(x, y + 4); context.lineTo(x + length, y + 4); context.lineTo(x + length, y);
  context.stroke();
  context.font = `600 11px ${FONT}`;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillText(t("map.metres", { n: metres }), x + length / 2, y - 2);
}

// The next of 1, 2, 5, 10, 20, ... that is not less.
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value);
}

// trail: [{x, y}] in map units.
export function drawTrail(context, { x, y, scale }, trail, hue, fade) {
  context.lineCap = "round";
  for (const [style, width] of [["#0006", 5], [colour(hue), 3]]) {
    context.lineWidth = width;
    context.strokeStyle = style;
    for (let i = 1; i < trail.length; i++) {
      context.globalAlpha = fade * (i / trail.length) ** 1.4;
      context.beginPath();
      context.moveTo(x + trail[i - 1].x * scale, y + trail[i - 1].y * scale);
      context.lineTo(x + trail[i].x * scale, y + trail[i].y * scale);
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}

// corners: [[x, y]] in map units; number: of the camera, for its colour.
export function drawFootprint(context, { x, y, scale }, corners, name, number, seeing) {
  if (corners.length < 3) return;
  const tone = (alpha) => `oklch(0.72 0.15 ${(number * 100 + 200) % 360} / ${alpha})`;
  context.save();
  context.beginPath();
  corners.forEach(([u, v], i) => (i ? context.lineTo(x + u * scale, y + v * scale) : context.moveTo(x + u * scale, y + v * scale)));
  context.closePath();
  context.fillStyle = tone(seeing ? 0.28 : 0.1);
  context.fill();
  context.lineJoin = "round";
  context.setLineDash(seeing ? [] : [7, 5]);
  context.strokeStyle = tone(0.95);
  context.lineWidth = seeing ? 3 : 1.75;
  context.stroke();
  // the name stands where the camera is nearest: the middle of the picture's lower edge comes first
  const [u, v] = corners[Math.floor(corners.length / 4)];
  context.font = `650 11.5px ${FONT}`;
  const label = fitting(context, name, NAME_WIDTH);
  const width = context.measureText(label).width + 12;
  context.fillStyle = "#0b0e12d9";
  context.beginPath();
  context.roundRect(x + u * scale - width / 2, y + v * scale - 9, width, 18, 5);
  context.fill();
  context.fillStyle = tone(1);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(label, x + u * scale, y + v * scale + 0.5);
  context.restore();
}
