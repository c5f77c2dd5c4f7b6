// plan_batch of src/batch.h: each line of standard input holds runs, threads, memory and need; the answer is
// n_workers and threads_each.
#include <cstdio>

#include "../../src/batch.h"

int main() {
  size_t n_runs, n_threads;
  double memory, need;
  while (std::scanf("%zu %zu %lf %lf", &n_runs, &n_threads, &memory, &need) == 4) {
    const spasne::BatchPlan plan = spasne::plan_batch(n_runs, n_threads, memory, need);
    std::printf("%zu %zu\n", plan.n_workers, plan.threads_each);
  }
}
