import { Random } from "@auteur/core"
import { samplerNamed } from "@auteur/samplers"
import { configs } from "../../packages/samplers/test/configs.ts"
import { mixture } from "../../packages/samplers/test/mixture.ts"
import { onProcess, latentsOf, run } from "../../packages/samplers/test/run.ts"
import { drawPanels, type Panel, type Point } from "./svg.ts"

const noise = Random.torch(1).normal(256)
const exact = [...noise].map((x) => mixture.end(x))
const stepCounts = [2, 3, 4, 6, 8, 12, 16, 25, 40, 64, 100, 160, 250]

const solvers = [
  { name: "ddim", colour: "#888888", dashes: "5 4", width: 3.5 },
  { name: "flow-euler", colour: "#d1495b", width: 1.6 },
  { name: "flow-heun", colour: "#2f6fb3", width: 1.6 },
  { name: "unipc", colour: "#3a8f5c", width: 1.6 },
]

/** Network evaluations, and the root mean square of the error. */
const measured = (name: string, config: object, steps: number): Point => {
  const { sampler, process } = samplerNamed(name, config)
  const network = onProcess(sampler.process, process, mixture.network)
  const end = run(sampler, steps, latentsOf(noise), network, Random.torch(2)).values()
  const error = Math.sqrt(exact.reduce((sum, x, i) => sum + (x - end[i]!) ** 2, 0) / exact.length)
  return [sampler.schedule(steps).levels.length, error]
}

const panel = (
  title: string,
  config: object,
  guides: ReadonlyArray<readonly [text: string, from: Point, to: Point]>,
): Panel => ({
  title,
  x: {
    label: "network evaluations",
    from: 1.7,
    to: 560,
    logarithmic: true,
    ticks: [2, 5, 10, 20, 50, 100, 200, 500].map((value) => [value, String(value)]),
  },
  y: {
    label: "error of the sample",
    from: 4e-6,
    to: 2,
    logarithmic: true,
    ticks: ["1", "10⁻¹", "10⁻²", "10⁻³", "10⁻⁴", "10⁻⁵"].map((label, i) => [10 ** -i, label]),
  },
  lines: [
    ...solvers.map(({ name, colour, width, ...more }) => ({
      points: stepCounts.map((steps) => measured(name, config, steps)),
      stroke: { colour, width, ...more },
      dots: name !== "ddim",
    })),
    ...guides.map(([, from, to]) => ({ points: [from, to], stroke: { colour: "#bbbbbb", width: 1, dashes: "2 3" } })),
  ],
  texts: [
    ...solvers.map(({ name, colour }, i) => ({ at: [2, 4e-4 / 2.6 ** i] as const, text: name, colour })),
    ...guides.map(([text, , to]) => ({ at: to, text, colour: "#777777" })),
  ],
})

/** docs/pictures/convergence.svg: the error of each solver against its work. */
export const convergence = (): string =>
  drawPanels([
    panel("rectified flow", { ...configs["flow-euler"], shift: 1 }, [
      ["1/N", [60, 6e-2], [300, 1.2e-2]],
      ["1/N²", [40, 1.2e-4], [150, 8.5e-6]],
    ]),
    panel("diffusion, with CogVideoX's noise table", { ...configs["ddim"], snr_shift_scale: 1 }, [
      ["1/N", [60, 9e-2], [300, 1.8e-2]],
    ]),
  ])
