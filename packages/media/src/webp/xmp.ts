import { METADATA_KEY } from "../metadata.ts"

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
}

/** Wraps the metadata's JSON as one property of an XMP packet (ISO 16684-1). */
export const toXmp = (note: string): Uint8Array => {
  const value = note.replace(/[&<>"']/g, (letter) => ESCAPES[letter]!)
  return new TextEncoder().encode(
    `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
      `<rdf:Description rdf:about="" xmlns:${METADATA_KEY}="urn:${METADATA_KEY}" ${METADATA_KEY}:request="${value}"/>` +
      `</rdf:RDF></x:xmpmeta>`,
  )
}

/** The JSON in an XMP packet of {@link toXmp}; undefined in those of others. */
export const fromXmp = (packet: Uint8Array): string | undefined => {
  const value = new TextDecoder().decode(packet).match(new RegExp(`\\b${METADATA_KEY}:request="([^"]*)"`))?.[1]
  return value?.replace(/&(?:amp|lt|gt|quot|apos);/g, (escape) =>
    Object.keys(ESCAPES).find((letter) => ESCAPES[letter] === escape)!,
  )
}
