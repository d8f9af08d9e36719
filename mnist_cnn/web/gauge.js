// What notebook 9 looks at while a network learns, read off each batch.

// add(stages) takes what one image of the batch gave; read(gradients), the views of the
// mean gradients, gives of each layer with weights { name, spread, gradient, silent }:
// spread: how much the images differ in what the layer makes of them: the standard
//   deviation of each value over the batch, and of these the mean, as in notebook 9
// gradient: the root of the mean square of its weights' gradients
// silent: which share of its maps had nothing but zeros in the whole batch
export function makeGauge(layers) {
  let images = 0;
  const found = layers.map(({ weight }) => (weight ? {} : null));

  function clear() {
    images = 0;
    for (const one of found) {
      one?.sums?.fill(0);
      one?.squares?.fill(0);
      one?.answered?.fill(0);
    }
  }

  function add(stages) {
    images += 1;
    for (const [i, one] of found.entries()) {
      if (!one) continue;
      const { maps, values } = stages[i + 1];
      one.sums ??= new Float64Array(values.length);
      one.squares ??= new Float64Array(values.length);
      one.answered ??= new Uint8Array(maps);
      const area = values.length / maps;
      for (let map = 0; map < maps; map += 1) {
        for (let p = map * area; p < (map + 1) * area; p += 1) {
          const value = values[p];
          if (value === 0) continue; // ReLU leaves many
          one.sums[p] += value;
          one.squares[p] += value * value;
          one.answered[map] = 1;
        }
      }
    }
  }

  function read(gradients) {
    const rows = [];
    for (const [i, one] of found.entries()) {
      if (!one) continue;
      const { sums, squares, answered } = one;
      const spreads = sums.map((sum, p) => {
        const rest = Math.max(0, squares[p] - (sum * sum) / images);
        return Math.sqrt(rest / Math.max(1, images - 1)); // of one image there is none
      });
      const { weight } = gradients[i];
      rows.push({
        name: layers[i].name,
        spread: mean(spreads),
        gradient: Math.sqrt(mean(weight.map((size) => size * size))),
        silent: 1 - mean(answered),
      });
    }
    return rows;
  }
  return { clear, add, read };
}

function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
