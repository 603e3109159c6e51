// The inverted residual blocks of MobileNetV3 (Howard et al. 2019, "Searching for MobileNetV3", tables 1 and 2) at width 1, one
// row a block. The article's Large follows the paper's first version (arXiv:1905.02244v1), where blocks 13 and 14 both expand to
// 672 channels and the second of them halves the map; torchvision follows the final version.
export interface BlockRow {
  readonly kernel: 3 | 5;
  /** Channels inside the block, where the depthwise convolution works. */
  readonly expanded: number;
  readonly out: number;
  readonly squeezeExcite: boolean;
  readonly activation: "relu" | "hardSwish";
  readonly stride: 1 | 2;
}

export interface BlockTable {
  readonly stem: number;
  readonly blocks: readonly BlockRow[];
  /** Features of the classifier's hidden layer. */
  readonly lastChannels: number;
}

const FIRST_TWELVE: readonly BlockRow[] = [
  { kernel: 3, expanded: 16, out: 16, squeezeExcite: false, activation: "relu", stride: 1 },
  { kernel: 3, expanded: 64, out: 24, squeezeExcite: false, activation: "relu", stride: 2 },
  { kernel: 3, expanded: 72, out: 24, squeezeExcite: false, activation: "relu", stride: 1 },
  { kernel: 5, expanded: 72, out: 40, squeezeExcite: true, activation: "relu", stride: 2 },
  { kernel: 5, expanded: 120, out: 40, squeezeExcite: true, activation: "relu", stride: 1 },
  { kernel: 5, expanded: 120, out: 40, squeezeExcite: true, activation: "relu", stride: 1 },
  { kernel: 3, expanded: 240, out: 80, squeezeExcite: false, activation: "hardSwish", stride: 2 },
  { kernel: 3, expanded: 200, out: 80, squeezeExcite: false, activation: "hardSwish", stride: 1 },
  { kernel: 3, expanded: 184, out: 80, squeezeExcite: false, activation: "hardSwish", stride: 1 },
  { kernel: 3, expanded: 184, out: 80, squeezeExcite: false, activation: "hardSwish", stride: 1 },
  { kernel: 3, expanded: 480, out: 112, squeezeExcite: true, activation: "hardSwish", stride: 1 },
  { kernel: 3, expanded: 672, out: 112, squeezeExcite: true, activation: "hardSwish", stride: 1 },
];

export const LARGE: BlockTable = {
  stem: 16,
  blocks: [
    ...FIRST_TWELVE,
    { kernel: 5, expanded: 672, out: 160, squeezeExcite: true, activation: "hardSwish", stride: 2 },
    { kernel: 5, expanded: 960, out: 160, squeezeExcite: true, activation: "hardSwish", stride: 1 },
    { kernel: 5, expanded: 960, out: 160, squeezeExcite: true, activation: "hardSwish", stride: 1 },
  ],
  lastChannels: 1280,
};

export const LARGE_OF_ARTICLE: BlockTable = {
  stem: 16,
  blocks: [
    ...FIRST_TWELVE,
    { kernel: 5, expanded: 672, out: 160, squeezeExcite: true, activation: "hardSwish", stride: 1 },
    { kernel: 5, expanded: 672, out: 160, squeezeExcite: true, activation: "hardSwish", stride: 2 },
    { kernel: 5, expanded: 960, out: 160, squeezeExcite: true, activation: "hardSwish", stride: 1 },
  ],
  lastChannels: 1280,
};

export const SMALL: BlockTable = {
  stem: 16,
  blocks: [
    { kernel: 3, expanded: 16, out: 16, squeezeExcite: true, activation: "relu", stride: 2 },
    { kernel: 3, expanded: 72, out: 24, squeezeExcite: false, activation: "relu", stride: 2 },
    { kernel: 3, expanded: 88, out: 24, squeezeExcite: false, activation: "relu", stride: 1 },
    { kernel: 5, expanded: 96, out: 40, squeezeExcite: true, activation: "hardSwish", stride: 2 },
    { kernel: 5, expanded: 240, out: 40, squeezeExcite: true, activation: "hardSwish", stride: 1 },
    { kernel: 5, expanded: 240, out: 40, squeezeExcite: true, activation: "hardSwish", stride: 1 },
    { kernel: 5, expanded: 120, out: 48, squeezeExcite: true, activation: "hardSwish", stride: 1 },
    { kernel: 5, expanded: 144, out: 48, squeezeExcite: true, activation: "hardSwish", stride: 1 },
    { kernel: 5, expanded: 288, out: 96, squeezeExcite: true, activation: "hardSwish", stride: 2 },
    { kernel: 5, expanded: 576, out: 96, squeezeExcite: true, activation: "hardSwish", stride: 1 },
    { kernel: 5, expanded: 576, out: 96, squeezeExcite: true, activation: "hardSwish", stride: 1 },
  ],
  lastChannels: 1024,
};
