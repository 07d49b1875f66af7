import * as Context from "effect/Context"

/** The latents that a VAE and a denoiser have to share to work together. */
export interface LatentSpaceShape {
  readonly name: string
  /** Channels of a latent frame. */
  readonly channels: number
  /** Pixels per latent position, along height and along width. */
  readonly spatialCompression: number
  /** Frames per latent frame; the first frame has a latent frame to itself. */
  readonly temporalCompression: number
}

const prefix = "@auteur/core/LatentSpace/"

/** A latent space as a requirement: the VAE's layer provides it, the denoiser's layer requires it, so a mismatch does not compile. */
export interface LatentSpace<Name extends string> {
  readonly LatentSpace: Name
}

export const LatentSpace = <const Name extends string>(
  name: Name,
): Context.Service<LatentSpace<Name>, LatentSpaceShape> =>
  Context.Service<LatentSpace<Name>, LatentSpaceShape>(`${prefix}${name}`)

/** The latent spaces that a VAE's layer declares, found in the context that it built. */
export const latentSpaces = (context: Context.Context<never>): ReadonlyArray<LatentSpaceShape> =>
  [...context.mapUnsafe].flatMap(([key, space]) => (key.startsWith(prefix) ? [space as LatentSpaceShape] : []))
