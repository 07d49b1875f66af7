import { defineConfig } from "auteur"

export default defineConfig({
  plugins: [["auteur-plugin-flow-align", { guidance: 7 }]],
})
