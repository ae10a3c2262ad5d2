// Threads that stand by during one call, for work that comes in thousands of small batches.
//
// Problem   A batch of an auction's tail is a few dozen searches, a fraction of a millisecond: starting a thread for it
//           costs as much as it saves.
// Idea      Helpers are hired at the first batch and dismissed at the end of the call, so a forked child finds none
//           missing. Between batches they spin for a moment, then sleep. Chunks are handed out on demand, and nobody waits
//           for a helper that has not come in: a batch closes when its chunks are gone and everyone inside has left.
// Order     A helper enters (inside + 1), then looks whether the batch is open; the caller closes the batch, then looks
//           whether anyone is inside. Both are sequentially consistent, so no helper works on a batch that is gone.

#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace twin {

class Crew {
 public:
  explicit Crew(int threads) : threads_(threads) {}
  ~Crew() { dismiss(); }
  Crew(const Crew &) = delete;
  Crew &operator=(const Crew &) = delete;

  // Runs work(thread, first, last) over chunks of [0, count). The first exception is rethrown.
  template <class Work>
  void run(std::int64_t count, std::int64_t chunk, Work work) {
    const std::int64_t chunks = (count + chunk - 1) / chunk;
    if (threads_ <= 1 || chunks <= 1) {
      if (count > 0) work(0, std::int64_t{0}, count);
      return;
    }
    hire();
    next_ = 0;
    error_ = nullptr;
    job_ = [&](int thread) {
      try {
        for (std::int64_t c; (c = next_.fetch_add(1)) < chunks;)
          work(thread, c * chunk, c * chunk + chunk < count ? c * chunk + chunk : count);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!error_) error_ = std::current_exception();
        next_ = chunks;
      }
    };
    open_ = true;
    ++batch_;
    batch_.notify_all();
    job_(0);
    open_ = false;
    while (inside_.load() > 0) breathe();
    if (error_) std::rethrow_exception(error_);
  }

  void dismiss() {
    if (team_.empty()) return;
    stop_ = true;
    ++batch_;
    batch_.notify_all();
    for (auto &thread : team_) thread.join();
    team_.clear();
    stop_ = false;
  }

  // Dismisses at the end of a scope.
  struct Shift {
    Crew &crew;
    ~Shift() { crew.dismiss(); }
  };

 private:
  static void breathe() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    std::this_thread::yield();
#endif
  }

  void hire() {
    if (!team_.empty()) return;
    try {
      for (int thread = 1; thread < threads_; ++thread)
        team_.emplace_back([this, thread, seen = batch_.load()]() mutable {
          while (wait(seen)) {
            ++inside_;
            if (open_) job_(thread);
            --inside_;
          }
        });
    } catch (const std::system_error &) {
      // A thread that the system refuses is one helper less: the chunks are handed out on demand all the same.
    } catch (const std::bad_alloc &) {
      // And so is one that there is no memory for; what the work itself cannot get is an error.
    }
  }

  // Waits for another batch than the one seen; false when the work is over.
  bool wait(std::uint32_t &seen) {
    for (int spins = 0; batch_.load() == seen; ++spins) {
      if (spins < 1000) breathe();
      else batch_.wait(seen);
    }
    seen = batch_.load();
    return !stop_;
  }

  const int threads_;
  std::vector<std::thread> team_;
  std::function<void(int)> job_;
  std::atomic<std::uint32_t> batch_{0};
  std::atomic<std::int64_t> next_{0};
  std::atomic<int> inside_{0};
  std::atomic<bool> open_{false}, stop_{false};
  std::mutex mutex_;
  std::exception_ptr error_;
};

}  // namespace twin
