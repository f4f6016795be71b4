#!/usr/bin/env python3
"""`--threads`: the same bytes for any number of them."""

import command


class Threads(command.CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        [cls.dump] = command.record_program([command.PROGRAMS / "many_objects", "200000"], cls.folder / "dumps")

    def answers(self, *arguments, status=1):
        return {self.reftally(*arguments, "--threads", threads, status=status).stdout for threads in (1, 2, 3, 7)}

    def test_reports_are_equal(self):
        for options in (["-f", "text"], ["-f", "json"], ["--no-types", "-f", "json"]):
            [report] = self.answers("analyze", self.dump, *options)
            self.assertIn("User", report)

    def test_so_is_the_whole_heap(self):
        references = ("SELECT r.from_id, r.to_id, r.path, r.kind, r.certainty FROM refs r "
                      "ORDER BY r.from_id % 1000, r.from_id, r.to_id LIMIT 50000")
        for options in ([], ["--no-types"]):
            [rows] = self.answers("query", self.dump, references, "--format", "csv", *options, status=0)
            self.assertGreater(rows.count("\n"), 49999)

    def test_a_damaged_dump_fails_in_the_same_words(self):
        data = bytearray((self.folder / self.dump).read_bytes())
        for place in range(4096, len(data) - 4096, 4096):
            data[place] ^= 0x55
        damaged = self.write_bytes("damaged.tally", data)
        answers = {self.reftally("analyze", damaged, "--threads", threads, status=2).stderr for threads in (1, 2, 3, 7)}
        self.assertEqual(len(answers), 1, answers)

    def test_a_number_that_is_none(self):
        for number in ("0", "-1", "many"):
            self.assertIn("--threads", self.reftally("analyze", self.dump, "--threads", number, status=2).stderr)

    def write_bytes(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return name


if __name__ == "__main__":
    command.main()
