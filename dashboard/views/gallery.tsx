/** @jsxImportSource hono/jsx */
// Images with a line or two under each.
import type { Child } from "hono/jsx";

export interface GalleryItem {
  readonly sampleId: string;
  /** Artifact id, or null where none was stored. */
  readonly thumbnail: string | null;
  /** Artifact id of where the network looked. */
  readonly overlay?: string | null;
  readonly alt: string;
  readonly lines: readonly Child[];
}

export function Gallery({ items }: { items: readonly GalleryItem[] }) {
  return (
    <ul class={items.some(({ overlay }) => overlay) ? "gallery pairs" : "gallery"}>
      {items.map(({ sampleId, thumbnail, overlay = null, alt, lines }) => (
        <li>
          <div>
            <Picture id={thumbnail} alt={alt} />
            {overlay !== null && <Picture id={overlay} alt={`Grad-CAM of ${alt}`} />}
          </div>
          <span title={sampleId}>{sampleId.split("/").at(-1)}</span>
          {lines.map((line) => (
            <span class="muted">{line}</span>
          ))}
        </li>
      ))}
    </ul>
  );
}

function Picture({ id, alt }: { id: string | null; alt: string }) {
  if (id === null) return <span class="none">no picture</span>;
  return (
    <a href={`/artifacts/${id}`}>
      <img src={`/artifacts/${id}`} alt={alt} width="192" height="192" loading="lazy" />
    </a>
  );
}
