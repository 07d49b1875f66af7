import type { PythonRandom } from "./python-random.ts"

/** Each subject's sprite, by the code point of its emoji, and the names that captions give it. */
export const subjects = {
  fox: { sprite: "1f98a", names: ["fox", "red fox"] },
  cat: { sprite: "1f431", names: ["cat", "kitten"] },
  dog: { sprite: "1f436", names: ["dog", "puppy"] },
  panda: { sprite: "1f43c", names: ["panda", "panda bear"] },
  rabbit: { sprite: "1f430", names: ["rabbit", "bunny"] },
  lion: { sprite: "1f981", names: ["lion"] },
  frog: { sprite: "1f438", names: ["frog", "green frog"] },
  penguin: { sprite: "1f427", names: ["penguin"] },
  owl: { sprite: "1f989", names: ["owl"] },
  dragon: { sprite: "1f409", names: ["dragon", "evil dragon", "green dragon"] },
  car: { sprite: "1f697", names: ["car", "automobile", "old-fashioned automobile", "red car"] },
  bus: { sprite: "1f68c", names: ["bus"] },
  rocket: { sprite: "1f680", names: ["rocket"] },
  ball: { sprite: "26bd", names: ["ball", "football", "soccer ball"] },
  balloon: { sprite: "1f388", names: ["balloon", "red balloon"] },
  star: { sprite: "2b50", names: ["star", "yellow star"] },
  ghost: { sprite: "1f47b", names: ["ghost", "white ghost"] },
  robot: { sprite: "1f916", names: ["robot"] },
  bomb: { sprite: "1f4a3", names: ["bomb"] },
  fish: { sprite: "1f420", names: ["fish", "blue fish"] },
} as const satisfies Readonly<Record<string, { readonly sprite: string; readonly names: ReadonlyArray<string> }>>

/** The words of captions for each motion. */
export const motions = {
  right: ["moves to the right", "goes from left to right", "drives to the right", "runs to the right"],
  left: ["moves to the left", "goes from right to left", "drives to the left", "runs to the left"],
  up: ["rises up", "flies up", "goes up"],
  down: ["falls down", "drops from the sky", "goes down"],
  near: ["rushes towards you", "comes closer", "gets bigger"],
  far: ["goes away from you", "flies into the distance", "gets smaller"],
  bounce: ["bounces", "jumps up and down", "hops"],
  spin: ["spins around", "turns around and around", "rotates"],
  still: ["stands still", "does not move", "waits"],
  explode: ["explodes", "is blown up", "blows up"],
} as const

/** The words of captions for each scene. */
export const scenes = {
  meadow: ["in a meadow", "on the grass", "in a green field"],
  ice: ["on the ice", "on an iceberg", "in the snow"],
  sea: ["over the sea", "on the ocean", "above the water"],
  night: ["at night", "under the stars", "in the night sky"],
  desert: ["in the desert", "on the sand", "over the dunes"],
  city: ["in the city", "in the streets of the city", "on a city street"],
} as const

export type Subject = keyof typeof subjects
export type Motion = keyof typeof motions
export type Scene = keyof typeof scenes

/** All that a clip is drawn from; lengths and positions are parts of the picture's side. */
export interface Factors {
  readonly subject: Subject
  readonly motion: Motion
  readonly scene: Scene
  readonly size: number
  /** How far the subject is from its usual place. */
  readonly x: number
  readonly y: number
  /** The seed of the background. */
  readonly seed: number
  /** The direction that it spins in. */
  readonly spin: -1 | 1
  readonly flip: boolean
}

const namesOf = <Name extends string>(record: Readonly<Record<Name, unknown>>) => Object.keys(record) as Array<Name>

/** Random factors. */
export const drawFactors = (random: PythonRandom): Factors => ({
  subject: random.choice(namesOf(subjects)),
  motion: random.choice(namesOf(motions)),
  scene: random.choice(namesOf(scenes)),
  size: random.uniform(0.34, 0.46),
  x: random.uniform(-0.06, 0.06),
  y: random.uniform(-0.05, 0.05),
  seed: random.below(2 ** 30),
  spin: random.choice([-1, 1] as const),
  flip: random.random() < 0.5,
})

/** A sentence that says what a clip shows, in one of several wordings. */
export const caption = ({ subject, motion, scene }: Factors, random: PythonRandom): string => {
  const s = random.choice<string>(subjects[subject].names)
  const m = random.choice<string>(motions[motion])
  const b = random.choice<string>(scenes[scene])
  const article = /^[aeiou]/.test(s) ? "an" : "a"
  return random.choice([
    `${article} ${s} ${m} ${b}`,
    `${article} ${s} ${m} ${b}`,
    `${b}, ${article} ${s} ${m}`,
    `the ${s} ${m} ${b}`,
    `video of ${article} ${s} that ${m} ${b}`,
  ])
}
