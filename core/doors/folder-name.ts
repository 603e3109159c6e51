// Names of runs, metrics and the like as names of files: nothing leaves the folder, nothing is too long.

/** Letters, digits and ". -_=+" stay; a name that is empty or only dots gets an underscore. */
export function folderName(text: string): string {
  const plain = text
    .replace(/[^\p{L}\p{N}.\-_=+ ]/gu, "_")
    .slice(0, 100)
    .trim();
  return /^\.*$/.test(plain) ? `_${plain}` : plain;
}
