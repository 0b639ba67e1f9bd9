// The geometry of regions and lines. Points are {x, y} relative to the picture; aspect: its width by its height.
// Lengths are in heights of the picture, so that they are the same in every direction.

const LINE_WIDTH = 0.12;

export function square(aspect, size = 0.3) {
  const [w, h] = [size / aspect / 2, size / 2];
  return [[-w, -h], [w, -h], [w, h], [-w, h]].map(([x, y]) => ({ x: 0.5 + x, y: 0.5 + y }));
}

// A zone of that width around the way from a to b, and the direction across it, to the right of that way.
export function line(a, b, aspect, width = LINE_WIDTH) {
  const [dx, dy] = [(b.x - a.x) * aspect, b.y - a.y];
  const length = Math.hypot(dx, dy) || 1;
  const [nx, ny] = [-dy / length, dx / length];
  const [ox, oy] = [(nx * width) / 2 / aspect, (ny * width) / 2];
  const points = [[a, -1], [b, -1], [b, 1], [a, 1]].map(([{ x, y }, side]) => ({ x: x + side * ox, y: y + side * oy }));
  return { points: points.map(held), direction: { x: round(nx / aspect), y: round(ny) } };
}

export function middle(points) {
  const sum = points.reduce(({ x, y }, point) => ({ x: x + point.x, y: y + point.y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

// How far a zone reaches along its direction.
export function width(points, direction, aspect) {
  const along = points.map(({ x, y }) => project({ x, y }, direction, aspect));
  return Math.max(...along) - Math.min(...along);
}

// The same zone with another reach along its direction.
export function withWidth(points, direction, aspect, wanted) {
  const [mid, unit] = [middle(points), unitOf(direction, aspect)];
  const factor = wanted / (width(points, direction, aspect) || 1) - 1;
  return points.map(({ x, y }) => {
    const along = project({ x: x - mid.x, y: y - mid.y }, direction, aspect) * factor;
    return held({ x: x + (along * unit[0]) / aspect, y: y + along * unit[1] });
  });
}

// Moved as a whole, as far as the picture goes.
export function moved(points, dx, dy) {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [sx, sy] = [hold(dx, -Math.min(...xs), 1 - Math.max(...xs)), hold(dy, -Math.min(...ys), 1 - Math.max(...ys))];
  return points.map(({ x, y }) => ({ x: round(x + sx), y: round(y + sy) }));
}

export function contains(points, [u, v]) {
  let inside = false;
  points.forEach(({ x, y }, i) => {
    const { x: px, y: py } = points[(i + points.length - 1) % points.length];
    if (y > v !== py > v && u < ((px - x) * (v - y)) / (py - y) + x) inside = !inside;
  });
  return inside;
}

export function held({ x, y }) { return { x: round(hold(x, 0, 1)), y: round(hold(y, 0, 1)) }; }

export function round(value) { return Math.round(value * 1e5) / 1e5; }

function hold(value, low, high) { return Math.min(Math.max(value, low), high); }

function unitOf({ x, y }, aspect) {
  const length = Math.hypot(x * aspect, y) || 1;
  return [(x * aspect) / length, y / length];
}

function project({ x, y }, direction, aspect) {
  const [ux, uy] = unitOf(direction, aspect);
  return x * aspect * ux + y * uy;
}
