// Processes of a run that outlive the program: daemons, servers put in the background. Their dumps come when they end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace reftally {

// Another each time, also where processes get the same pid each time, as in containers.
uint64_t new_run_number();

// Called in the child that becomes the program: what it starts can be known again by its environment, and its dumps by
// ImageProcess::run.
void mark_run(uint64_t run);

std::vector<pid_t> left_running(uint64_t run);  // by pid

// "its child 12 (nginx) still runs and writes its dump …"; empty when there is none.
std::string left_running_message(const std::vector<pid_t>& processes, const std::string& dump_dir);

}  // namespace reftally
