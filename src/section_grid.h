// The spatial term of several tissue sections (sections.h) in method `interpolation`: pair by pair within small
// sections, by sums over a grid within large ones, one after another.
//
// Within a section beta Ps has the charges of global_charges.h at the weight beta Zs(section) / Zs, for that makes
// them those of beta (c + |si - sj|^2) / Zs, Zs being the sum over all sections.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "../spasne.h"
#include "aligned.h"
#include "global_charges.h"
#include "grid_sums.h"
#include "pair_entropies.h"
#include "rows.h"
#include "sections.h"
#include "threads.h"

namespace spasne {

constexpr size_t SMALL_SECTION = 256;  // points up to which pairs cost less than a grid

class SectionGrid {
 public:
  /// S: n x n_space.
  SectionGrid(Sections sections, const std::vector<double>& S, size_t n_space, const Options& o, ThreadPool& pool)
      : sections_(std::move(sections)),
        n_space_(n_space),
        n_(S.size() / n_space),
        n_padded_(round_up(n_, LANES)),
        n_dims_(static_cast<size_t>(o.no_dims)),
        beta_(o.beta),
        offset_(o.space_offset),
        scale2_(o.global_scale * o.global_scale),
        pool_(pool),
        grid_(n_dims_, round_up(2 + n_space, LANES), scale2_, o.accuracy),
        S_(S),
        entropies_{std::vector<double>(n_, 0.0), std::vector<double>(n_, 0.0)} {
    const double all = pair_sum({S, n_space}, offset_, sections_);
    factor_ = beta_ / all;
    size_t largest = 0;
    for (size_t s = 0; s < sections_.members.size(); ++s) {
      const std::vector<size_t>& members = sections_.members[s];
      if (members.size() <= SMALL_SECTION) {
        small_.push_back(s);
      } else {
        large_.push_back({s, make_charges(members, all)});
        largest = std::max(largest, round_up(members.size(), LANES));
      }
    }
    pool_.for_each_chunk(small_.size(), [&](size_t at) { sum_entropies(sections_.members[small_[at]]); });
    Y_.resize(largest * n_dims_);
    sums_.resize(largest * n_dims_);
  }

  const Entropies& entropies() const { return entropies_; }  // of Ps

  /// log of the sum of 1 + sigma^2 d^2 over all pairs within sections.
  double log_normaliser(const double* Y) const {
    return std::log(section_sums(sections_, {Y, n_padded_, n_dims_}, scale2_).Z);
  }

  /// Adds the forces of beta Ps and beta Qs to the gradient: for Ps -sum over j of
  /// beta Ps_ij sigma^2 / (1 + sigma^2 d^2) (yi - yj).
  void add_gradient(const double* Y, double* gradient) {
    for_each_pair_of_small(Y, [&](size_t i, size_t j, double p, double d2) {
      const double weight = p * scale2_ / (1 + scale2_ * d2);
      for (size_t axis = 0; axis < n_dims_; ++axis) {
        const double force = weight * (Y[axis * n_padded_ + i] - Y[axis * n_padded_ + j]);
        gradient[axis * n_padded_ + i] -= force;
        gradient[axis * n_padded_ + j] += force;
      }
    });
    const auto take = [&](size_t point, size_t place, size_t stride) {
      for (size_t axis = 0; axis < n_dims_; ++axis) gradient[axis * n_padded_ + point] -= sums_[axis * stride + place];
    };
    for_each_point_of_large(Y, {nullptr, nullptr, sums_.data(), nullptr}, false, take);
    add_section_spread(sections_, {Y, n_padded_, n_dims_}, scale2_, beta_, gradient);
  }

  /// Per point: sum over j of beta Ps_ij ln(1 + sigma^2 d^2); from all pairs, or from a grid where that is less work.
  std::vector<double> logs(const double* Y, bool pair_by_pair) {
    std::vector<double> out(n_, 0.0);
    for_each_pair_of_small(Y, [&](size_t i, size_t j, double p, double d2) {
      const double share = p * std::log1p(scale2_ * d2);
      out[i] += share;
      out[j] += share;
    });
    const auto take = [&](size_t point, size_t place, size_t) { out[point] = sums_[place]; };
    for_each_point_of_large(Y, {nullptr, nullptr, nullptr, sums_.data()}, pair_by_pair, take);
    return out;
  }

 private:
  static constexpr size_t CHUNK = 4096;  // points per task

  struct Large {
    size_t section;
    GlobalCharges charges;
  };

  double affinity(size_t i, size_t j) const {
    double d2 = 0;
    for (size_t k = 0; k < n_space_; ++k) {
      const double e = S_[i * n_space_ + k] - S_[j * n_space_ + k];
      d2 += e * e;
    }
    return factor_ * (offset_ + d2);
  }

  GlobalCharges make_charges(const std::vector<size_t>& members, double all) {
    const size_t n = members.size();
    std::vector<double> S = take_rows(S_, members, n_space_);
    centre_columns(S, n_space_);
    const Rows rows(S, n_space_);
    const double share = pair_sum(rows, offset_) / all;
    if (share == 0) return {};
    const Entropies of = pair_entropies(rows, offset_, pool_);
    for (size_t place = 0; place < n; ++place) {
      entropies_.mass[members[place]] = share * of.mass[place];
      entropies_.entropy[members[place]] = share * (of.entropy[place] + of.mass[place] * std::log(share));
    }
    return global_charges({nullptr, n, 0}, rows, {0, beta_ * share, offset_});
  }

  void sum_entropies(const std::vector<size_t>& members) {
    for (const size_t i : members)
      for (const size_t j : members) {
        const double p = i == j ? 0 : affinity(i, j);
        entropies_.mass[i] += p / beta_;
        if (p > 0) entropies_.entropy[i] += p / beta_ * std::log(p / beta_);
      }
  }

  /// Calls use(i, j, beta Ps_ij, |yi - yj|^2) for each pair once; sections are dealt out to the threads.
  template <class Use>
  void for_each_pair_of_small(const double* Y, const Use& use) {
    pool_.for_each_chunk(small_.size(), [&](size_t at) {
      const std::vector<size_t>& members = sections_.members[small_[at]];
      for (size_t a = 0; a < members.size(); ++a)
        for (size_t b = a + 1; b < members.size(); ++b) {
          const size_t i = members[a], j = members[b];
          double d2 = 0;
          for (size_t axis = 0; axis < n_dims_; ++axis) {
            const double e = Y[axis * n_padded_ + i] - Y[axis * n_padded_ + j];
            d2 += e * e;
          }
          use(i, j, affinity(i, j), d2);
        }
    });
  }

  /// Takes a section's sums, as `out` asks, and calls use(point, its place in sums_, stride of the axes).
  template <class Use>
  void for_each_point_of_large(const double* Y, const GridSums::Output& out, bool pair_by_pair, const Use& use) {
    for (const Large& part : large_) {
      const GlobalCharges& q = part.charges;
      if (q.n_charges == 1) continue;  // all at one position, where only distances count
      const std::vector<size_t>& members = sections_.members[part.section];
      const size_t stride = round_up(members.size(), LANES);
      pool_.for_each_range(members.size(), CHUNK, [&](size_t begin, size_t end) {
        for (size_t axis = 0; axis < n_dims_; ++axis)
          for (size_t place = begin; place < end; ++place)
            Y_[axis * stride + place] = Y[axis * n_padded_ + members[place]];
      });
      grid_.take(members.size());
      grid_.evaluate({Y_.data(), q.charges.data(), q.constant}, pool_, out, pair_by_pair);
      pool_.for_each_range(members.size(), CHUNK, [&](size_t begin, size_t end) {
        for (size_t place = begin; place < end; ++place) use(members[place], place, stride);
      });
    }
  }

  Sections sections_;
  size_t n_space_, n_, n_padded_, n_dims_;
  double beta_, offset_, scale2_, factor_ = 0;  // factor: beta / Zs
  ThreadPool& pool_;
  GridSums grid_;  // for one section at a time
  std::vector<double> S_;
  Entropies entropies_;
  std::vector<size_t> small_;  // sections summed pair by pair
  std::vector<Large> large_;
  AlignedVector Y_, sums_;  // of the large section in hand, by axis
};

}  // namespace spasne
