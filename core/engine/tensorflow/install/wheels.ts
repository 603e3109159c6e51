// What is installed from PyPI, pinned by version and sha256. Of TensorFlow's wheels only the libraries and headers are used, which do
// not depend on the machine's Python; so one wheel a platform is named, and pip is told to take that one (CPython 3.12's).

export const TENSORFLOW_VERSION = "2.21.0";

export interface Wheel {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

/** What is pinned for one platform: the wheels, pip's names of the platform, and sizes measured or, for the GPU, estimated. */
export interface WheelSet {
  readonly wheels: readonly Wheel[];
  readonly platforms: readonly string[];
  /** Of all wheels together; null: not known. */
  readonly downloadMb: number | null;
  /** Free space that the whole installation needs while it is made, in MB. */
  readonly neededMb: number;
}

const X64_PLATFORMS = ["manylinux_2_28", "manylinux_2_27", "manylinux_2_24", "manylinux_2_17", "manylinux2014"];

const X64_CPU: WheelSet = {
  wheels: [tensorflow("tensorflow-cpu", "dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb")],
  platforms: X64_PLATFORMS.map((name) => `${name}_x86_64`),
  downloadMb: 271,
  neededMb: 2200,
};

const ARM64_CPU: WheelSet = {
  wheels: [tensorflow("tensorflow", "b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552")],
  platforms: X64_PLATFORMS.map((name) => `${name}_aarch64`),
  downloadMb: null,
  neededMb: 2200,
};

/** The wheels of `tensorflow[and-cuda]` that the library itself loads; Python's own dependencies are left out. */
const X64_GPU: WheelSet = {
  wheels: [
    tensorflow("tensorflow", "b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0"),
    nvidia("cublas", "12.9.3.13", "d7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72"),
    nvidia("cuda-cupti", "12.8.90", "ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182"),
    nvidia("cuda-nvcc", "12.9.86", "5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0"),
    nvidia("cuda-nvrtc", "12.9.86", "210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4"),
    nvidia("cuda-runtime", "12.9.79", "25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3"),
    nvidia("cudnn", "9.28.0.42", "9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375"),
    nvidia("cufft", "11.4.1.4", "c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28"),
    nvidia("curand", "10.3.10.19", "49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e"),
    nvidia("cusolver", "11.7.5.82", "15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88"),
    nvidia("cusparse", "12.5.10.65", "73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78"),
    nvidia("nccl", "2.32.3", "bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c"),
    nvidia("nvjitlink", "12.9.86", "e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9"),
  ],
  platforms: X64_PLATFORMS.map((name) => `${name}_x86_64`),
  downloadMb: null,
  neededMb: 12000,
};

/** @returns null where nothing is pinned for the platform. @param platform as `${process.platform}-${process.arch}` */
export function wheelsFor(platform: string, gpu: boolean): WheelSet | null {
  if (platform === "linux-x64") return gpu ? X64_GPU : X64_CPU;
  return platform === "linux-arm64" && !gpu ? ARM64_CPU : null;
}

function tensorflow(name: string, sha256: string): Wheel {
  return { name, version: TENSORFLOW_VERSION, sha256 };
}

function nvidia(part: string, version: string, sha256: string): Wheel {
  return { name: `nvidia-${part}-cu12`, version, sha256 };
}
