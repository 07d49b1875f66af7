import { createRequire } from "node:module"
import { MediaError } from "@auteur/core"
import type { InputVideoTrack } from "mediabunny"

const PACKAGE = "@mediabunny/server"

/** The part of the package with native codecs that is used; it is not there when types are checked. */
interface NativeCodecs {
  readonly registerMediabunnyServer: (options: { readonly hardwareContext: null }) => void
}

interface NativeLog {
  readonly Log?: { readonly setLevel: (level: number) => void }
  readonly AV_LOG_QUIET?: number
}

const isMissing = (cause: unknown): boolean =>
  cause instanceof Error &&
  /Cannot find (?:package|module)|not found|Could not resolve/i.test(cause.message) &&
  cause.message.includes(PACKAGE)

/** Keeps FFmpeg from printing what its errors say as well. */
const silence = async (): Promise<void> => {
  try {
    const server = createRequire(import.meta.url).resolve(PACKAGE)
    const library: NativeLog = await import(createRequire(server).resolve("node-av"))
    library.Log?.setLevel(library.AV_LOG_QUIET ?? -8)
  } catch {
    // It prints, then.
  }
}

/**
 * Registers the native codecs, when they are installed.
 *
 * When one fails, mediabunny rejects with its error twice: where it is caught, and once more where nobody can catch it,
 * which would end the process for a damaged file.
 *
 * @returns why they do not load, though they are installed
 */
const register = async (): Promise<string | undefined> => {
  // Named by a variable, because the package is not there when types are checked or bundles built.
  const name = PACKAGE
  let codecs: NativeCodecs
  try {
    codecs = (await import(name)) as NativeCodecs
  } catch (cause) {
    return isMissing(cause) ? undefined : cause instanceof Error ? cause.message : String(cause)
  }
  // Looking for a graphics card prints what each missing driver says, and gains nothing for a few frames.
  codecs.registerMediabunnyServer({ hardwareContext: null })
  await silence()
  process.on("unhandledRejection", (reason) => {
    const decoders = reason instanceof Error && (reason.stack ?? "").includes(PACKAGE)
    // Others end the process, as they do when nobody listens.
    if (!decoders && process.listenerCount("unhandledRejection") === 1) throw reason
  })
  return undefined
}

let registered: Promise<string | undefined> | undefined

const PROFILES: Readonly<Record<string, string>> = { "42": "Baseline", "4d": "Main", "58": "Extended", "64": "High" }
const CODECS: Readonly<Record<string, string>> = {
  avc: "H.264",
  hevc: "HEVC (H.265)",
  vp8: "VP8",
  vp9: "VP9",
  av1: "AV1",
  prores: "ProRes",
}

const CONVERT = "convert the video to MP4 with H.264 in the Baseline profile"

/**
 * Sees to it that a track can be decoded, with native codecs where it needs them.
 *
 * @throws MediaError that names the codec, and the package to add or why it does not load
 */
export const requireDecoder = async (track: InputVideoTrack): Promise<void> => {
  if (await track.canDecode()) return
  const codec = await track.getCodec()
  if (codec === null) {
    throw new MediaError({ message: `This video is coded with a codec that is not known here: ${CONVERT}.` })
  }
  const failure = await (registered ??= register())
  if (await track.canDecode()) return
  const profile = PROFILES[(await track.getCodecParameterString())?.slice(5, 7).toLowerCase() ?? ""]
  const name = codec === "avc" && profile !== undefined ? `H.264 in the ${profile} profile` : (CODECS[codec] ?? codec)
  const fix =
    failure === undefined
      ? `add them with "npm install ${PACKAGE}", or ${CONVERT}`
      : `${PACKAGE} is installed, but does not load (${failure}): install what it lacks, or ${CONVERT}`
  throw new MediaError({ message: `This video is coded with ${name}, which needs native codecs: ${fix}.` })
}

/**
 * Passes frames on, and fails when none comes for long: for some damaged files mediabunny waits for ever.
 *
 * @throws when no frame came for so many milliseconds
 */
export async function* givingUp<A>(frames: AsyncGenerator<A>, patience = 60_000): AsyncGenerator<A> {
  while (true) {
    let timer: NodeJS.Timeout | undefined
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no frame came for ${patience / 1000} seconds`)), patience)
    })
    try {
      const { done, value } = await Promise.race([frames.next(), tooLong])
      if (done === true) return
      yield value
    } finally {
      clearTimeout(timer)
    }
  }
}
