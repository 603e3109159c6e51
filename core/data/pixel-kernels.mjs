// The pixel changes of pixel-op.ts on one image, as torchvision's v2 functional ops define them. Exact arithmetic in a fixed order:
// the same bits on every machine. Images are uint8 RGB [size, size, 3].

/**
 * @param {Uint8Array} image changed in place
 * @param {number} size its side in pixels
 * @param {readonly import("./pixel-op.ts").PixelOp[]} ops
 */
export function applyPixelOps(image, size, ops) {
  for (const op of ops) {
    switch (op.kind) {
      case "flipHorizontal":
        move(image, size, (x, y) => y * size + size - 1 - x);
        break;
      case "flipVertical":
        move(image, size, (x, y) => (size - 1 - y) * size + x);
        break;
      case "quarterTurns":
        for (let turn = 0; turn < op.turns; turn++) move(image, size, (x, y) => x * size + size - 1 - y);
        break;
      case "rotate":
        rotate(image, size, op.cos, op.sin);
        break;
      case "brightness":
        mapBytes(image, (value) => value * op.factor);
        break;
      case "contrast": {
        const mean = meanGrey(image);
        mapBytes(image, (value) => mean + (value - mean) * op.factor);
        break;
      }
      case "saturation":
        saturate(image, op.factor);
        break;
      case "hue":
        shiftHue(image, op.shift);
        break;
      case "blur":
        blur(image, size, op.weights);
        break;
      case "erase":
        erase(image, size, op);
        break;
    }
  }
}

/** Each pixel comes from another one. @param {(x: number, y: number) => number} from index of the pixel */
function move(image, size, from) {
  const source = image.slice();
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const [to, at] = [(y * size + x) * 3, from(x, y) * 3];
      image[to] = source[at];
      image[to + 1] = source[at + 1];
      image[to + 2] = source[at + 2];
    }
}

/** Bilinear; outside is black. Rounds as torchvision does, to the nearest. */
function rotate(image, size, cos, sin) {
  const source = image.slice();
  const middle = (size - 1) / 2;
  const at = (x, y, c) => (x < 0 || y < 0 || x >= size || y >= size ? 0 : source[(y * size + x) * 3 + c]);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const [dx, dy] = [x - middle, y - middle];
      const u = cos * dx - sin * dy + middle;
      const v = sin * dx + cos * dy + middle;
      const [x0, y0] = [Math.floor(u), Math.floor(v)];
      const [a, b] = [u - x0, v - y0];
      for (let c = 0; c < 3; c++) {
        const top = at(x0, y0, c) * (1 - a) + at(x0 + 1, y0, c) * a;
        const bottom = at(x0, y0 + 1, c) * (1 - a) + at(x0 + 1, y0 + 1, c) * a;
        image[(y * size + x) * 3 + c] = Math.floor(top * (1 - b) + bottom * b + 0.5);
      }
    }
}

/** A fraction is cut off, as converting to uint8 does. */
function mapBytes(image, change) {
  for (let i = 0; i < image.length; i++) image[i] = toByte(change(image[i]));
}

function toByte(value) {
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.floor(value);
}

/** ITU-R 601-2 luma, a whole number. */
function greyAt(image, i) {
  return Math.floor(0.2989 * image[i] + 0.587 * image[i + 1] + 0.114 * image[i + 2]);
}

function meanGrey(image) {
  let sum = 0;
  for (let i = 0; i < image.length; i += 3) sum += greyAt(image, i);
  return sum / (image.length / 3);
}

function saturate(image, factor) {
  for (let i = 0; i < image.length; i += 3) {
    const grey = greyAt(image, i);
    for (let c = 0; c < 3; c++) image[i + c] = toByte(grey + (image[i + c] - grey) * factor);
  }
}

/** RGB to hue, saturation and value and back with the hue moved on. */
function shiftHue(image, shift) {
  for (let i = 0; i < image.length; i += 3) {
    const [r, g, b] = [image[i] / 255, image[i + 1] / 255, image[i + 2] / 255];
    const value = Math.max(r, g, b);
    const range = value - Math.min(r, g, b);
    if (range === 0) continue;
    const sector = value === r ? (g - b) / range : value === g ? 2 + (b - r) / range : 4 + (r - g) / range;
    const turned = sector / 6 + shift;
    const hue = (turned - Math.floor(turned)) * 6;
    const part = Math.floor(hue);
    const rest = hue - part;
    const saturation = range / value;
    const low = value * (1 - saturation);
    const falling = value * (1 - saturation * rest);
    const rising = value * (1 - saturation * (1 - rest));
    const rgb = [
      [value, rising, low],
      [falling, value, low],
      [low, value, rising],
      [low, falling, value],
      [rising, low, value],
      [value, low, falling],
    ][part % 6];
    for (let c = 0; c < 3; c++) image[i + c] = toByte(rgb[c] * 255.999); // torch's conversion of [0, 1] to uint8
  }
}

/** Separable; the edge is mirrored without repeating its pixel. */
function blur(image, size, weights) {
  const radius = (weights.length - 1) / 2;
  const mirror = (i) => {
    const back = i < 0 ? -i : i;
    return back >= size ? 2 * size - 2 - back : back;
  };
  const across = new Float64Array(image.length);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = -radius; k <= radius; k++) sum += weights[k + radius] * image[(y * size + mirror(x + k)) * 3 + c];
        across[(y * size + x) * 3 + c] = sum;
      }
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = -radius; k <= radius; k++) sum += weights[k + radius] * across[(mirror(y + k) * size + x) * 3 + c];
        image[(y * size + x) * 3 + c] = Math.floor(sum + 0.5);
      }
}

function erase(image, size, { left, top, width, height }) {
  const [x0, y0] = [Math.floor(left * size), Math.floor(top * size)];
  const [x1, y1] = [Math.min(size, x0 + Math.round(width * size)), Math.min(size, y0 + Math.round(height * size))];
  for (let y = y0; y < y1; y++) image.fill(0, (y * size + x0) * 3, (y * size + x1) * 3);
}
