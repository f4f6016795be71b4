#include <pybind11/functional.h>
#include <pybind11/pybind11.h>

#include <functional>
#include <utility>

class Button {
 public:
  void on_press(std::function<void()> handler) { handler_ = std::move(handler); }
  void press() const {
    if (handler_) handler_();
  }

 private:
  std::function<void()> handler_;
};

PYBIND11_MODULE(button, module) {
  pybind11::class_<Button>(module, "Button")
      .def(pybind11::init<>())
      .def("on_press", &Button::on_press)
      .def("press", &Button::press);
}
