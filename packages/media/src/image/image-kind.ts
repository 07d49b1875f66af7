/** The kind of file that its first bytes tell; undefined when it is not known here. */
export const imageKind = (bytes: Uint8Array): string | undefined => {
  const text = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to))
  if (text(0, 8) === "\x89PNG\r\n\x1A\n") return "PNG"
  if (text(0, 3) === "\xFF\xD8\xFF") return "JPEG"
  if (text(0, 4) === "GIF8") return "GIF"
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return "WebP"
  if (text(0, 2) === "BM") return "BMP"
  if (text(0, 4) === "II*\0" || text(0, 4) === "MM\0*") return "TIFF"
  if (text(0, 4) === "%PDF") return "PDF"
  if (text(4, 8) === "ftyp") {
    const brand = text(8, 12)
    if (brand === "avif" || brand === "avis") return "AVIF"
    return brand.startsWith("hei") || brand.startsWith("hev") || brand === "mif1" ? "HEIC" : "MP4 or MOV video"
  }
  if (text(0, 4) === "\x1A\x45\xDF\xA3") return "WebM or Matroska video"
  if (/^\s*<(\?xml|svg|!doctype|html)/i.test(text(0, 64))) return "SVG or HTML text"
  return undefined
}
