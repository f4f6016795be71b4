// The worker's thread owns the worker, whose destructor was meant to stop the thread.
#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  ~Worker() {
    stop_ = true;
    std::cout << "worker stopped\n";
  }
  void start() {
    std::thread([self = shared_from_this()] { self->run(); }).detach();
  }
  void wait_until_running() const {
    while (rounds_ == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

 private:
  void run() {
    while (!stop_) {
      ++rounds_;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<int> rounds_ = 0;
};

int main() {
  auto worker = std::make_shared<Worker>();
  worker->start();
  worker->wait_until_running();
  worker.reset();  // meant to stop the thread; only lets go of the second-last reference
  std::cout << "main is done\n";
}
