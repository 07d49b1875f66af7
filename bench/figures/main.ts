/** Draws every picture of docs/pictures: `npm run figures`, or `npm run figures -- NAME` for some of them. */
const names = ["contact-sheet", "samplers", "convergence", "straight-paths"]
const asked = process.argv.slice(2)
const stray = asked.find((name) => !names.includes(name))
if (stray === undefined) {
  for (const name of asked.length === 0 ? names : asked) await import(`./${name}.ts`)
} else {
  console.error(`There is no figure "${stray}": the figures are ${names.join(", ")}.`)
  process.exitCode = 1
}
