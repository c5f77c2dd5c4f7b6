// Points sorted by the cell of a grid that they lie in, so that sums over a cell's nodes can be shared by its points.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "aligned.h"
#include "kernels/grid.h"
#include "threads.h"

namespace spasne {

class CellOrder {
 public:
  /// find(begin, end, cell): writes the cells of the points begin .. end-1 (begin a multiple of LANES), below n_cells;
  /// far (or null): points to be left out. Points of a cell stay in their order.
  template <class Find>
  void sort(size_t n_points, const unsigned char* far, size_t n_cells, ThreadPool& pool, const Find& find) {
    const size_t share = round_up((n_points + TASKS - 1) / TASKS, LANES);
    cell_.resize(n_points);
    count_.assign(TASKS * n_cells, 0);
    pool.for_each_chunk(TASKS, [&](size_t task) {
      const size_t begin = std::min(n_points, task * share), end = std::min(n_points, begin + share);
      find(begin, end, cell_.data());
      for (size_t i = begin; i < end; ++i)
        if (!far || !far[i]) ++count_[task * n_cells + cell_[i]];
    });
    uint32_t before = 0;  // points that come before those of this cell and task
    for (size_t cell = 0; cell < n_cells; ++cell)
      for (size_t task = 0; task < TASKS; ++task) {
        uint32_t& count = count_[task * n_cells + cell];
        before += count;
        count = before - count;
      }
    order_.resize(before);
    pool.for_each_chunk(TASKS, [&](size_t task) {
      const size_t begin = std::min(n_points, task * share), end = std::min(n_points, begin + share);
      for (size_t i = begin; i < end; ++i)
        if (!far || !far[i]) order_[count_[task * n_cells + cell_[i]]++] = static_cast<uint32_t>(i);
    });
  }

  size_t size() const { return order_.size(); }
  CellOrderView view() const { return {order_.data(), cell_.data()}; }

 private:
  static constexpr size_t TASKS = 8;

  std::vector<uint32_t> cell_, order_, count_;
};

}  // namespace spasne
