import { guidanceNames, inversionNames, samplerNames } from "auteur"
import { cacheNames, defaultModel, defaultThresholds, requestFields, type VideoRequest } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Flag from "effect/cli/Flag"
import * as Param from "effect/cli/Param"
import * as Primitive from "effect/cli/Primitive"
import { parseLora, parseSize } from "./flag-values.ts"

type Name = keyof VideoRequest
type Value<N extends Name> = Exclude<VideoRequest[N], undefined>

/** `guidance-scale` for `guidanceScale`. */
export const toKebab = (name: string): string => name.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)

/** The sentence of a setting, with what is to be said of its flag, and its default. */
const describe = (name: Name, note?: string): string => {
  const { description, default: byDefault } = requestFields[name]
  const isTold = byDefault !== undefined && byDefault !== "" && byDefault !== false && byDefault !== 0
  return [description.replace(/\.$/, ""), note, isTold ? `default ${String(byDefault)}` : undefined]
    .filter((text) => text !== undefined)
    .join("; ")
}

const optional = <A>(flag: Flag.Flag<A>, description: string): Flag.Flag<Option.Option<A>> =>
  flag.pipe(Flag.withDescription(description), Flag.optional)

/** A flag whose value is one setting of a request: with the setting's name, its schema and its sentence. */
const setting = <N extends Name>(name: N, metavar: string, note?: string) => {
  const { schema, expected } = requestFields[name]
  const decode = Schema.decodeUnknownOption(schema as Schema.Codec<Value<N>, string>)
  const flag = Flag.String(toKebab(name)).pipe(
    Flag.withMetavar(metavar),
    Flag.filterMap(
      (text) => decode(metavar === "TEXT" ? text : text.trim().replace(/^\+(?=[\d.])/, "")),
      () => expected,
    ),
  )
  return { flag, description: describe(name, note) }
}

const of = <N extends Name>(name: N, metavar: string, note?: string, alias?: string) => {
  const { flag, description } = setting(name, metavar, note)
  return optional(alias === undefined ? flag : Flag.withAlias(flag, alias), description)
}

const choice = <const Names extends ReadonlyArray<string>>(name: Name, names: Names, note?: string) =>
  optional(Flag.Literals(toKebab(name), names).pipe(Flag.withMetavar("NAME")), describe(name, note))

/** The components that a request chooses by name: built-in ones, or those of plugins. */
export const componentNames = { guidanceMethod: guidanceNames, sampler: samplerNames, inversion: inversionNames }

/** A flag that names a component: any, since plugins are not known before the config is read; the built-in ones are completed. */
const component = (name: keyof typeof componentNames) => {
  const builtIn = Primitive.Choice(componentNames[name].map((each): [string, string] => [each, each]))
  const primitiveType = Object.assign(builtIn, { parse: Effect.succeed<string> })
  const any = Param.makeSingle({ kind: Param.flagKind, name: toKebab(name), primitiveType })
  return optional(Flag.withMetavar(any, "NAME"), describe(name))
}

/** A flag that names a file or a folder, and therefore cannot be empty. */
export const pathFlag = (name: string, metavar: string): Flag.Flag<string> =>
  Flag.String(name).pipe(
    Flag.withMetavar(metavar),
    Flag.filter(
      (path) => path.trim() !== "",
      () => (metavar === "MODEL" ? "a model" : "a path"),
    ),
  )

/** The flags that say what a video should be: one for each setting of a request, under the setting's name. */
const settingFlags = {
  negativePrompt: of("negativePrompt", "TEXT", undefined, "n"),
  seed: of("seed", "NUMBER", "by default a new one, which is printed"),
  steps: of("steps", "NUMBER"),
  guidanceScale: of("guidanceScale", "NUMBER", "--guidance is its short form", "guidance"),
  guidanceMethod: component("guidanceMethod"),
  sampler: component("sampler"),
  frames: of("frames", "NUMBER"),
  width: of("width", "PIXELS"),
  height: of("height", "PIXELS"),
  size: optional(
    Flag.String("size").pipe(
      Flag.withMetavar("WxH"),
      Flag.filterMap(parseSize, () => "WIDTHxHEIGHT, such as 720x480"),
    ),
    "Width and height at once, such as 720x480",
  ),
  fps: of("fps", "NUMBER"),
  upscale: of("upscale", "NUMBER"),
  image: optional(pathFlag("image", "FILE"), describe("image", "a picture file, which is resized")),
  video: optional(pathFlag("video", "FILE"), describe("video", "it is resized and cut to what the model makes")),
  strength: of("strength", "NUMBER"),
  start: choice("start", ["noise", "inversion", "inversion-free"]),
  sourcePrompt: of("sourcePrompt", "TEXT"),
  sourceGuidanceScale: of("sourceGuidanceScale", "NUMBER"),
  inversion: component("inversion"),
  tiling: optional(Flag.Boolean("tiling"), describe("tiling", "--no-tiling undoes it")),
  vaeWorkers: of("vaeWorkers", "NUMBER"),
  maxSequenceLength: of("maxSequenceLength", "NUMBER"),
  lora: optional(
    pathFlag("lora", "FILE[:WEIGHT]").pipe(Flag.map(parseLora), Flag.atLeast(1)),
    describe("lora", "the weight is 1 by default, and the flag may be repeated"),
  ),
  cache: choice("cache", [...cacheNames, "none"]),
  cacheThreshold: of(
    "cacheThreshold",
    "NUMBER",
    cacheNames.map((name) => `${defaultThresholds[name]} for ${name}`).join(", "),
  ),
}

/** The flags that `generate` and `estimate` have in common. */
export const requestFlags = {
  model: optional(
    pathFlag("model", "MODEL").pipe(Flag.withAlias("m")),
    `A model folder in the layout of diffusers, a bundled name, or org/name of a pulled model; default ${defaultModel}`,
  ),
  baseModel: optional(
    pathFlag("base-model", "MODEL"),
    "The whole model that --model belongs to, where that holds only some components, such as a transformer that was trained further",
  ),
  ...settingFlags,
  like: optional(pathFlag("like", "FILE"), "Repeat a video that auteur wrote; other flags change what they name"),
  config: optional(
    pathFlag("config", "FILE"),
    "The file that names plugins and defaults; by default auteur.config.ts (or .mts, .js, .mjs, .json) in this folder",
  ),
}
