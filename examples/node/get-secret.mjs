// Read one secret from the sidecar: `node get-secret.mjs database-password` (Node 18 or later).

import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const SECRETS_URL = process.env.SECRETS_URL ?? 'http://localhost:8080'

export class SecretError extends Error {
  constructor(status, detail) {
    super(`${{ 403: 'denied', 404: 'not found' }[status] ?? `HTTP ${status}`}: ${detail}`)
    this.status = status
  }
}

/** A secret's current value. While the vault is busy, try twice more, after the time it asks for. */
export async function getSecret(name) {
  const url = `${SECRETS_URL}/v1/secrets/${encodeURIComponent(name)}`
  for (let triesLeft = 2; ; triesLeft--) {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch((error) => {
      throw new Error(`no answer from ${SECRETS_URL}: ${error.cause?.message ?? error.message}`)
    })
    if ([429, 503].includes(response.status) && triesLeft > 0) {
      await pause(1000 * (response.headers.get('retry-after') ?? 1))
      continue
    }
    const text = (await response.json().catch(() => null))?.[response.ok ? 'value' : 'detail']
    if (text === undefined) throw new Error(`HTTP ${response.status} from ${url}: not an answer of the sidecar`)
    if (response.ok) return text
    throw new SecretError(response.status, text)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.length !== 3) {
    console.error('usage: get-secret.mjs NAME')
    process.exit(2)
  }
  try {
    console.log(await getSecret(process.argv[2])) // only an example prints a secret
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
