/** @jsxImportSource hono/jsx */
// Images with a line or two under each.
import type { Child } from "hono/jsx";

export interface GalleryItem {
  readonly sampleId: string;
  /** Artifact id, or null where none was stored. */
  readonly thumbnail: string | null;
  readonly alt: string;
  readonly lines: readonly Child[];
}

export function Gallery({ items }: { items: readonly GalleryItem[] }) {
  return (
    <ul class="gallery">
      {items.map(({ sampleId, thumbnail, alt, lines }) => (
        <li>
          {thumbnail === null ? (
            <span class="none">no picture</span>
          ) : (
            <a href={`/artifacts/${thumbnail}`}>
              <img src={`/artifacts/${thumbnail}`} alt={alt} width="192" height="192" loading="lazy" />
            </a>
          )}
          <span title={sampleId}>{sampleId}</span>
          {lines.map((line) => (
            <span class="muted">{line}</span>
          ))}
        </li>
      ))}
    </ul>
  );
}
