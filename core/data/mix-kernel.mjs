// One image of a batch mixed with its partner (mix.ts). Exact arithmetic in a fixed order: the same bits on every machine.

/**
 * @param {Uint8Array} out uint8 RGB [size, size, 3]
 * @param {{ own: Uint8Array, partner: Uint8Array, sizePx: number, mix: import("./mix.ts").Mix }} input images of the same size
 */
export function mixImage(out, { own, partner, sizePx, mix }) {
  if (mix.kind === "mixup") return blend(out, own, partner, mix.share);
  out.set(own);
  for (let y = mix.top; y < mix.top + mix.height; y++) {
    const row = (y * sizePx + mix.left) * 3;
    out.set(partner.subarray(row, row + mix.width * 3), row);
  }
}

/** Rounded to the nearest; halves up. */
function blend(out, own, partner, share) {
  const rest = 1 - share;
  for (let i = 0; i < out.length; i++) out[i] = Math.floor(own[i] * share + partner[i] * rest + 0.5);
}
