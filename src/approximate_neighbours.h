// Nearest neighbours of every point, nearly all of the true ones, in far less time than all pairs take.
//
// Points lie in cells around centres (cells.h). A point x looks into a cell where
//   |x - centre|^2 <= reach r^2,
// r being the distance to its k-th nearest so far: into few where points are dense, into many where they are sparse.
// The reach is found beforehand: the least with which the points of a sample, whose true neighbours are known, find the
// wanted share of them. What was found is measured on another sample at the end. Where most cells would have to be
// looked into, as in data without structure, the search is exact.
//
// Within cells the work is that of the exact search: products of blocks of points, their order settled in double
// precision. Where bytes tell near points apart (coded_points.h) the products are those of bytes. Cells near a point's
// own are looked into first, and the others nearest first, so that r is sharp early.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "cells.h"
#include "coded_points.h"
#include "kernels/candidates.h"
#include "neighbours.h"
#include "rounded_points.h"
#include "shortlists.h"
#include "threads.h"

namespace spasne {

constexpr double LEAST_RECALL = 0.98;  // of the true neighbours, by the sample

/// How neighbours were found.
struct SearchRecord {
  bool exact = true;
  double recall = 1;  // of a sample of points
};

namespace detail {

constexpr double AIMS[] = {0.985, 0.995};  // recalls that the reach is made for, one after the other
constexpr double MOST_LOOKED_AT = 0.5;     // of all points; an exact search takes no longer than looking at more
constexpr size_t SAMPLED_POINTS = 512;     // whose true neighbours are found, for the reach and for the recall
constexpr double MOST_BLURRED = 0.05;      // of a squared distance, and of points for which it is more
constexpr size_t FEWEST_IN_CELL = 64;      // points, on average
constexpr size_t LOOKED_AT_FIRST = 4;      // times k points, in the cells around a point's own
constexpr size_t MOST_GROUPS = 8;          // cells whose points search at a time: bits of a character
static_assert(SEARCH_PANELS <= MOST_GROUPS, "cells have panels of their own");

inline size_t cells_for(size_t n) {
  return std::min(n / FEWEST_IN_CELL, static_cast<size_t>(2 * std::sqrt(static_cast<double>(n))));
}

/// Points with their true neighbours.
struct Judges {
  std::vector<uint32_t> places, neighbours;  // neighbours: k places for each
  std::vector<double> farthest2;             // squared distance to the k-th nearest
};

/// Of the chunk's points that wants to look into a cell.
struct Visit {
  uint32_t cell, row;
  float score;
};

class CellSearch {
 public:
  CellSearch(const Rows& X, size_t k, ThreadPool& pool)
      : n_(X.n),
        k_(k),
        pool_(pool),
        cells_(make_cells(RoundedPoints(X, places_of_rows(n_), pool), n_, cells_for(n_), pool)),
        points_(X, std::move(cells_.rows), pool) {
    find_near();
  }

  Judges judges(uint64_t seed) const {
    std::vector<uint32_t> filled;
    for (size_t place = 0; place < points_.n_places(); ++place)
      if (points_.row(place) != NO_ROW) filled.push_back(static_cast<uint32_t>(place));
    Judges made;
    for (const uint32_t at : spread_sample(n_, std::min(n_, SAMPLED_POINTS), seed)) made.places.push_back(filled[at]);
    made.neighbours.resize(made.places.size() * k_);
    made.farthest2.resize(made.places.size());
    const size_t GRAIN = 16;
    pool_.for_each_range(made.places.size(), GRAIN, [&](size_t begin, size_t end) {
      Shortlists lists(points_, points_, k_, GRAIN);
      for (size_t s = begin; s < end; ++s) lists.add(made.places[s]);
      scan_all(points_, made.places[begin] / POINT_PANEL, lists);
      for (size_t s = begin; s < end; ++s) {
        const std::vector<Shortlists::Exact>& nearest = lists.nearest(*lists.row(s - begin));
        for (size_t c = 0; c < k_; ++c) made.neighbours[s * k_ + c] = nearest[c].second;
        made.farthest2[s] = nearest.back().first;
      }
    });
    return made;
  }

  /// Looks at points rounded to bytes from now on, where nearly all judges tell their neighbours apart by them.
  void round_to_codes(const Judges& judges) {
    if (!CodedPoints::possible(points_.n_columns())) return;
    size_t blurred = 0;
    std::vector<float> x(points_.n_columns());
    for (size_t s = 0; s < judges.places.size(); ++s) {
      const double r2 = points_.scaled(judges.farthest2[s]);
      points_.copy(judges.places[s], x.data());
      blurred += CodedPoints::deviation(x.data(), x.size(), r2) > MOST_BLURRED * r2 / 2;
    }
    if (static_cast<double>(blurred) <= MOST_BLURRED * static_cast<double>(judges.places.size()))
      codes_ = std::make_unique<CodedPoints>(points_, pool_);
  }

  /// The least, to a few per cent, with which the judges find this share of their neighbours.
  double reach_for(double share, const Judges& judges) const {
    const int STEPS = 5;
    double low = 0, high = sufficient_reach(share, judges);
    for (int step = 0; step < STEPS; ++step) {
      const double middle = step == 0 ? 0.8 * high : (low + high) / 2;
      (judged_recall(middle, judges) < share ? low : high) = middle;
    }
    return high;
  }

  /// The share of all points that one looks at, on average over the judges.
  double looked_at(double reach, const Judges& judges) const {
    double seen = 0;
    std::vector<float> x(points_.n_columns());
    for (size_t s = 0; s < judges.places.size(); ++s) {
      const double r2 = points_.scaled(judges.farthest2[s]);
      points_.copy(judges.places[s], x.data());
      for (size_t cell = 0; cell < cells_.centres.size(); ++cell)
        if (cells_.centres.distance2(cell, x.data()) <= reach * r2) seen += cells_.n_points[cell];
    }
    return seen / static_cast<double>(n_) / static_cast<double>(judges.places.size());
  }

  void search(double reach, NeighbourGraph& graph, const ShareDone& progress) const {
    const size_t n_chunks = (points_.n_panels() + SEARCH_PANELS - 1) / SEARCH_PANELS;
    for_each_with_progress(n_chunks, pool_, progress, [&](size_t chunk) { search_chunk(chunk, reach, graph); });
  }

  /// Of the judges' true neighbours; of equally far ones each counts.
  double recall(const NeighbourGraph& graph, const Judges& judges) const {
    size_t found = 0;
    for (size_t s = 0; s < judges.places.size(); ++s) {
      const float* distance2 = graph.distance2.data() + points_.row(judges.places[s]) * k_;
      for (size_t c = 0; c < k_; ++c) found += distance2[c] <= static_cast<float>(judges.farthest2[s]);
    }
    return static_cast<double>(found) / static_cast<double>(judges.places.size() * k_);
  }

 private:
  /// One that would do if each judge knew from the beginning how far its neighbours are, and so does in any case.
  double sufficient_reach(double share, const Judges& judges) const {
    std::vector<double> needed;
    std::vector<float> x(points_.n_columns());
    for (size_t s = 0; s < judges.places.size(); ++s) {
      const double r2 = points_.scaled(judges.farthest2[s]);
      points_.copy(judges.places[s], x.data());
      for (size_t c = 0; c < k_; ++c) {
        const size_t cell = cell_of(judges.neighbours[s * k_ + c]);
        needed.push_back(r2 > 0 ? cells_.centres.distance2(cell, x.data()) / r2 : 0);
      }
    }
    const auto place = needed.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(needed.size() - 1));
    std::nth_element(needed.begin(), place, needed.end());
    return *place;
  }

  /// What the judges alone find.
  double judged_recall(double reach, const Judges& judges) const {
    const size_t n = judges.places.size();
    std::vector<size_t> found((n + MOST_GROUPS - 1) / MOST_GROUPS);
    pool_.for_each_range(n, MOST_GROUPS, [&](size_t begin, size_t end) {
      Shortlists lists(points_, scores(), k_, MOST_GROUPS);
      for (size_t s = begin; s < end; ++s) lists.add(judges.places[s]);
      look(lists, reach);
      for (size_t s = begin; s < end; ++s)
        for (const Shortlists::Exact& one : lists.nearest(*lists.row(s - begin)))
          found[begin / MOST_GROUPS] += one.first <= judges.farthest2[s];
    });
    return static_cast<double>(std::accumulate(found.begin(), found.end(), size_t{0})) / static_cast<double>(n * k_);
  }

  size_t cell_of(size_t place) const {
    const auto after = std::upper_bound(cells_.first_panel.begin(), cells_.first_panel.end(), place / POINT_PANEL);
    return static_cast<size_t>(after - cells_.first_panel.begin()) - 1;
  }

  /// near_[cell]: it and those around it, with enough points for a first idea of how far neighbours are.
  void find_near() {
    const size_t n_cells = cells_.centres.size(), enough = LOOKED_AT_FIRST * k_ + 1;
    near_.resize(n_cells);
    pool_.for_each_range(n_cells, 16, [&](size_t begin, size_t end) {
      std::vector<Candidate> others(n_cells + POINT_PANEL);
      const auto farther = [](const Candidate& a, const Candidate& b) {
        return a.score != b.score ? a.score > b.score : a.point > b.point;
      };
      for (size_t cell = begin; cell < end; ++cell) {
        CandidateRow row{cells_.centres[cell], cell, FLT_MAX, 0, others.data()}, *rows = &row;
        for (size_t panel = 0; panel < cells_.centres.n_panels(); ++panel)
          candidate_kernels().scan_panel(cells_.centres.view(), panel, &rows, 1);
        const auto first = others.begin(), last = first + static_cast<std::ptrdiff_t>(row.count);
        std::make_heap(first, last, farther);
        near_[cell].push_back(static_cast<uint32_t>(cell));
        size_t n_points = cells_.n_points[cell];
        for (auto heap_end = last; n_points < enough && heap_end != first; --heap_end) {
          near_[cell].push_back(first->point);
          n_points += cells_.n_points[first->point];
          std::pop_heap(first, heap_end, farther);
        }
      }
    });
  }

  void search_chunk(size_t chunk, double reach, NeighbourGraph& graph) const {
    const size_t first = chunk * SEARCH_PANELS, last = std::min(points_.n_panels(), first + SEARCH_PANELS);
    Shortlists lists(points_, scores(), k_, (last - first) * POINT_PANEL);
    add_panels(points_, first, last, lists);
    look(lists, reach);
    for (size_t r = 0; r < lists.size(); ++r) lists.write(*lists.row(r), graph);
  }

  /// Points of at most MOST_GROUPS cells.
  void look(Shortlists& lists, double reach) const {
    const std::vector<unsigned char> looked_into = look_near(lists);
    look_far(lists, visits(lists, reach, looked_into), reach);
  }

  void look_into(size_t cell, const std::vector<CandidateRow*>& rows, Shortlists& lists) const {
    for (size_t panel = cells_.first_panel[cell]; panel < cells_.first_panel[cell + 1]; ++panel)
      lists.scan(panel, rows.data(), rows.size());
  }

  /// Looks into the cells around each row's own. Of each cell bit g says that the rows of the g-th cell have done so.
  std::vector<unsigned char> look_near(Shortlists& lists) const {
    std::vector<unsigned char> looked_into(cells_.centres.size(), 0);
    std::vector<CandidateRow*> rows;
    size_t group = 0;
    for (size_t r = 0; r < lists.size();) {
      const size_t own = cell_of(lists.row(r)->point), end = cells_.first_panel[own + 1] * POINT_PANEL;
      for (rows.clear(); r < lists.size() && lists.row(r)->point < end; ++r) rows.push_back(lists.row(r));
      for (const uint32_t cell : near_[own]) {
        look_into(cell, rows, lists);
        looked_into[cell] = static_cast<unsigned char>(looked_into[cell] | 1u << group);
      }
      ++group;
    }
    for (size_t r = 0; r < lists.size(); ++r) lists.drop_far(*lists.row(r));
    return looked_into;
  }

  /// The largest score of a cell that a row looks into.
  float farthest_cell(const CandidateRow& row, double reach) const {
    const double half_norm = static_cast<double>(points_.half_norm(row.point));
    return static_cast<float>(reach * static_cast<double>(row.limit) + (reach - 1) * half_norm);
  }

  /// Which rows are to look into which cells besides.
  std::vector<Visit> visits(Shortlists& lists, double reach, const std::vector<unsigned char>& looked_into) const {
    const size_t n_rows = lists.size();
    std::vector<CandidateRow> rows(n_rows);
    std::vector<unsigned char> bit(n_rows);
    size_t own = 0, group = 0;
    for (size_t r = 0; r < n_rows; ++r) {
      const CandidateRow& row = *lists.row(r);
      const size_t cell = cell_of(row.point);
      group += r > 0 && cell != own;
      own = cell;
      bit[r] = static_cast<unsigned char>(1u << group);
      rows[r] = {row.x, SIZE_MAX, farthest_cell(row, reach), 0, nullptr};
    }
    std::vector<Visit> wanted;
    for_each_centre(cells_.centres, rows, [&](size_t r, const Candidate& cell) {
      if (!(looked_into[cell.point] & bit[r])) wanted.push_back({cell.point, static_cast<uint32_t>(r), cell.score});
    });
    return wanted;
  }

  /// Looks into cells, the nearest first; what has come out of reach meanwhile is left out.
  void look_far(Shortlists& lists, const std::vector<Visit>& visits, double reach) const {
    const size_t n_cells = cells_.centres.size();
    std::vector<uint32_t> cell_of_visit(visits.size());
    std::vector<float> nearest(n_cells, FLT_MAX);
    for (size_t v = 0; v < visits.size(); ++v) {
      cell_of_visit[v] = visits[v].cell;
      const float half_distance2 = visits[v].score + points_.half_norm(lists.row(visits[v].row)->point);
      nearest[visits[v].cell] = std::min(nearest[visits[v].cell], half_distance2);
    }
    const Classes by_cell(cell_of_visit, n_cells);
    std::vector<std::pair<float, uint32_t>> order;
    for (size_t cell = 0; cell < n_cells; ++cell)
      if (nearest[cell] < FLT_MAX) order.emplace_back(nearest[cell], static_cast<uint32_t>(cell));
    std::sort(order.begin(), order.end());
    std::vector<CandidateRow*> rows;
    for (const auto& [distance, cell] : order) {
      rows.clear();
      for (size_t at = by_cell.begin[cell]; at < by_cell.begin[cell + 1]; ++at) {
        const Visit& visit = visits[by_cell.members[at]];
        CandidateRow* row = lists.row(visit.row);
        if (visit.score <= farthest_cell(*row, reach)) rows.push_back(row);
      }
      look_into(cell, rows, lists);
    }
  }

  const Scores& scores() const {
    if (codes_) return *codes_;
    return points_;
  }

  size_t n_, k_;
  ThreadPool& pool_;
  Cells cells_;
  RoundedPoints points_;
  std::unique_ptr<CodedPoints> codes_;
  std::vector<std::vector<uint32_t>> near_;
};

}  // namespace detail

/// About the k nearest other points of each row of X: those of a sample hold LEAST_RECALL of the true ones or more.
/// Their distances are exact. The same for any number of threads.
inline NeighbourGraph approximate_neighbours(const Rows& X, size_t k, ThreadPool& pool, const ShareDone& progress,
                                             SearchRecord& record) {
  const size_t FEWEST_CELLS = 16;
  detail::require_neighbours(X.n, k);
  const bool few = detail::cells_for(X.n) < FEWEST_CELLS || X.n / FEWEST_CELLS < k;
  if (!few) {
    detail::CellSearch search(X, k, pool);
    const detail::Judges for_reach = search.judges(2), for_recall = search.judges(3);
    search.round_to_codes(for_reach);
    NeighbourGraph graph;
    for (const double aim : detail::AIMS) {
      const double reach = search.reach_for(aim, for_reach);
      if (search.looked_at(reach, for_reach) > detail::MOST_LOOKED_AT) break;
      if (graph.k == 0) graph = NeighbourGraph(X.n, k);
      search.search(reach, graph, progress);
      record = {false, search.recall(graph, for_recall)};
      if (record.recall >= LEAST_RECALL) return graph;
    }
  }
  record = {true, 1};
  return nearest_neighbours(X, k, pool, progress);
}

}  // namespace spasne
