// The worker owns its thread; the thread owns only what it shares with the worker.
#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

class Worker {
 public:
  ~Worker() {
    state_->stop = true;
    thread_.join();
    std::cout << "worker stopped\n";
  }
  void start() {
    thread_ = std::thread([state = state_] { run(*state); });
  }
  void wait_until_running() const {
    while (state_->rounds == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

 private:
  struct State {
    std::atomic<bool> stop = false;
    std::atomic<int> rounds = 0;
  };

  static void run(State& state) {
    while (!state.stop) {
      ++state.rounds;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::thread thread_;
};

int main() {
  auto worker = std::make_shared<Worker>();
  worker->start();
  worker->wait_until_running();
  worker.reset();
  std::cout << "main is done\n";
}
