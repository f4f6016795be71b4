// Processes of a run that outlive the program: daemons, servers put in the background. Their dumps come when they end.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace reftally {

// Called in the child that becomes the program: what it starts can be known again by its environment.
void mark_run(pid_t reftally);

std::vector<pid_t> left_running(pid_t reftally);  // by pid

// "its child 12 (nginx) still runs and writes its dump …"; empty when there is none.
std::string left_running_message(const std::vector<pid_t>& processes, const std::string& dump_dir);

}  // namespace reftally
