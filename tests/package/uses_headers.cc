// Compiled against the installed headers, all of which are included before this line.
int main() {
  const distaff::GroupLimits polite{
      .throttle = {.least = std::chrono::seconds(1), .most = std::chrono::seconds(3)}};
  return polite.throttle.any() && polite.parallelism == 1 ? 0 : 1;
}
