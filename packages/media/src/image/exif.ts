const ORIENTATION = 0x0112

/**
 * How a camera says that the picture is to be turned, in Exif data: 1 (as it is) to 8.
 *
 * Source: Exif 3.0 §4.6 (TIFF structure).
 */
export const exifOrientation = (tiff: Uint8Array | undefined): number => {
  if (tiff === undefined || tiff.length < 8) return 1
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength)
  const little = tiff[0] === 0x49
  const directory = view.getUint32(4, little)
  if (directory + 2 > tiff.length) return 1
  const count = view.getUint16(directory, little)
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + i * 12
    if (entry + 12 > tiff.length) return 1
    if (view.getUint16(entry, little) === ORIENTATION) {
      const value = view.getUint16(entry + 8, little)
      return value >= 1 && value <= 8 ? value : 1
    }
  }
  return 1
}

const HEADER = [0x45, 0x78, 0x69, 0x66, 0, 0] // "Exif", which some put before the TIFF structure

/** Exif data without the header that JPEG has before it; undefined when the header is asked for and is not there. */
export const withoutExifHeader = (content: Uint8Array): Uint8Array | undefined =>
  HEADER.every((byte, i) => content[i] === byte) ? content.subarray(HEADER.length) : undefined
