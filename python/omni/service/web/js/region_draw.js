// How regions and lines lie over a picture. Their points are relative to it; place is {x, y, width, height}, CSS pixels.

import { FONT, fitting } from "./canvas.js";

const REGION = "#38d9c4";
const OCCUPIED = "#ffd43b";
const LINE = "#74b9ff";
const ARROW = 30;

// look: {inside, glow, direction: of the latest crossing, quiet: without a name}
export function drawRegion(context, place, region, { inside = 0, glow = 0, direction = "", quiet = false } = {}) {
  const points = region.points.map((point) => at(place, point));
  if (points.length < 2) return;
  const tone = inside ? OCCUPIED : region.direction ? LINE : REGION;
  context.save();
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  context.fillStyle = tone;
  context.globalAlpha = inside ? 0.3 : 0.1;
  context.fill();
  if (glow) {
    context.globalAlpha = 0.75 * glow;
    context.fillStyle = "#fff";
    context.fill();
  }
  context.lineJoin = "round";
  context.globalAlpha = 0.55;
  context.strokeStyle = "#000";
  context.lineWidth = inside || glow ? 5 : 3;
  context.stroke();
  context.globalAlpha = 1;
  context.strokeStyle = glow ? "#fff" : tone;
  context.lineWidth = inside || glow ? 2.5 : 1.5;
  context.stroke();
  if (region.direction) drawArrow(context, place, points, region.direction, glow && direction === "reverse", glow ? "#fff" : tone);
  if (!quiet) drawName(context, place, points, region.name, inside ? `  ${inside}` : "", tone);
  context.restore();
}

export function at({ x, y, width, height }, [u, v]) { return [x + u * width, y + v * height]; }

function centre(points) {
  return [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
}

// From the middle of the zone, the way that counts as forward; after a crossing the other way, that one.
function drawArrow(context, { width, height }, points, [dx, dy], backward, tone) {
  const [x, y] = centre(points);
  const sign = backward ? -1 : 1;
  const [vx, vy] = [sign * dx * width, sign * dy * height];
  const length = Math.hypot(vx, vy);
  if (!length) return;
  const [ux, uy] = [vx / length, vy / length];
  const tip = [x + ARROW * ux, y + ARROW * uy];
  const path = () => {
    context.beginPath();
    context.moveTo(x - 0.4 * ARROW * ux, y - 0.4 * ARROW * uy);
    context.lineTo(...tip);
    context.moveTo(tip[0] - 9 * ux - 6 * uy, tip[1] - 9 * uy + 6 * ux);
    context.lineTo(...tip);
    context.lineTo(tip[0] - 9 * ux + 6 * uy, tip[1] - 9 * uy - 6 * ux);
  };
  context.lineCap = "round";
  for (const [style, line] of [["#000b", 6], [tone, 3]]) {
    context.strokeStyle = style;
    context.lineWidth = line;
    path();
    context.stroke();
  }
}

function drawName(context, place, points, name, count, tone) {
  const [x, y] = points.reduce((lowest, point) => (point[1] > lowest[1] ? point : lowest));
  context.font = `620 11.5px ${FONT}`;
  const label = fitting(context, name, place.width - 16 - context.measureText(count).width) + count;
  const width = context.measureText(label).width + 12;
  const left = Math.min(Math.max(x - width / 2, place.x + 2), place.x + place.width - width - 2);
  const top = Math.min(y + 3, place.y + place.height - 19);
  context.fillStyle = "#0b0e12d9";
  context.beginPath();
  context.roundRect(left, top, width, 17, 4);
  context.fill();
  context.fillStyle = tone;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(label, left + 6, top + 9);
}
