// What all Node programs here share: they tell what they have done, and stay until their stdin closes.

/** Nothing keeps a program alive after that, and no socket of it is closed politely. */
export function exitWithStdin() {
  process.stdin.on('end', () => process.exit(0)).resume();
}

export function tell(word, facts = {}) {
  console.log(`${word} ${JSON.stringify(facts)}`);
}

/** Calls `work` `count` times, `atOnce` of them side by side; RATE: so many a second at most. Errors are counted by code. */
export async function repeat(count, work, atOnce = 1) {
  const rate = Number(process.env.RATE ?? Infinity);
  const start = Date.now();
  const errors = {};
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      const wait = start + (index * 1000) / rate - Date.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      try {
        await work(index);
      } catch (error) {
        const code = error?.cause?.code ?? error?.code ?? error?.name ?? String(error);
        errors[code] = (errors[code] ?? 0) + 1;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { count, errors };
}

/** As repeat(), but what comes does not wait for what has come: RATE a second, at random (Poisson). */
export async function arrive(count, work) {
  const mean = 1000 / Number(process.env.RATE ?? 1000);
  let at = Date.now();
  let seed = 1;
  const random = () => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647;
  };
  const all = [];
  for (let index = 0; index < count; index++) {
    at -= mean * Math.log(random());
    const wait = at - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    all.push(repeat(1, () => work(index)));
  }
  const errors = {};
  for (const one of await Promise.all(all)) {
    for (const code of Object.keys(one.errors)) errors[code] = (errors[code] ?? 0) + 1;
  }
  return { count, errors };
}
