// Changes of pixels after crop and resize: what pixel-kernels.mjs carries out, with every random number already drawn and every
// function of exact-math.ts already taken, so that the workers need nothing but +, -, *, / and floor.

export type PixelOp =
  | { readonly kind: "flipHorizontal" }
  | { readonly kind: "flipVertical" }
  /** Counter-clockwise. */
  | { readonly kind: "quarterTurns"; readonly turns: 1 | 2 | 3 }
  /** About the middle, counter-clockwise. */
  | { readonly kind: "rotate"; readonly cos: number; readonly sin: number }
  | { readonly kind: "brightness"; readonly factor: number }
  | { readonly kind: "contrast"; readonly factor: number }
  | { readonly kind: "saturation"; readonly factor: number }
  /** In turns of the color circle. */
  | { readonly kind: "hue"; readonly shift: number }
  /** Weights at -radius … radius, summing to 1. */
  | { readonly kind: "blur"; readonly weights: readonly number[] }
  /** As shares of the side, 0 to 1. */
  | {
      readonly kind: "erase";
      readonly left: number;
      readonly top: number;
      readonly width: number;
      readonly height: number;
    };
