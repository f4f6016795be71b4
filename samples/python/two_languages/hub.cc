#include <pybind11/functional.h>
#include <pybind11/pybind11.h>

#include <functional>
#include <memory>
#include <utility>

class Hub {
 public:
  void on_message(std::function<void(int)> handler) { handler_ = std::move(handler); }
  void send(int message) const {
    if (handler_) handler_(message);
  }

 private:
  std::function<void(int)> handler_;
};

PYBIND11_MODULE(hub, module) {
  pybind11::class_<Hub, std::shared_ptr<Hub>>(module, "Hub")
      .def(pybind11::init<>())
      .def("on_message", &Hub::on_message)
      .def("send", &Hub::send);
}
