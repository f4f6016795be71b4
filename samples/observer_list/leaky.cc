// A sensor owns its observers; an observer owns the sensor it reads from.
#include <iostream>
#include <memory>
#include <vector>

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void changed() = 0;
};

class Sensor {
 public:
  ~Sensor() { std::cout << "sensor off\n"; }
  void subscribe(std::shared_ptr<Observer> observer) { observers_.push_back(std::move(observer)); }
  void measure(int degrees) {
    degrees_ = degrees;
    for (const auto& observer : observers_) observer->changed();
  }
  int degrees() const { return degrees_; }

 private:
  int degrees_ = 0;
  std::vector<std::shared_ptr<Observer>> observers_;
};

class Display : public Observer {
 public:
  explicit Display(std::shared_ptr<Sensor> sensor) : sensor_(std::move(sensor)) {}
  void changed() override { std::cout << sensor_->degrees() << " degrees\n"; }

 private:
  std::shared_ptr<Sensor> sensor_;
};

int main() {
  auto sensor = std::make_shared<Sensor>();
  auto display = std::make_shared<Display>(sensor);
  sensor->subscribe(display);
  sensor->measure(21);
}
