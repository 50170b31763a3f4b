from __future__ import annotations

from bench.results.schema import Results, Trial
from reports import machine
from reports.format import GAP


def shown(value):
    return {name: text.replace(GAP, " ") for name, text in machine.facts(value)}


def test_names_are_words_and_numbers_have_the_units_their_names_say():
    assert shown(
        {
            "cpu": "AMD EPYC",
            "memory_bytes": 16 * 2**30,
            "memory_limit_bytes": None,
            "cpu_clock_mhz": {"most": 4700.0, "now": 2596.1},
            "gpu_at_start": {"temperature_celsius": 41, "power_limit_watts": 700.0, "ecc": True},
            "load_average": [1.5, 1.0, 0.5],
            "environment": {"OMP_NUM_THREADS": "2"},
        }
    ) == {
        "cpu": "AMD EPYC",
        "memory": "16.0 GiB",
        "memory limit": "–",
        "cpu clock most": "4,700 MHz",
        "cpu clock now": "2,600 MHz",
        "gpu at start temperature": "41.0 °C",
        "gpu at start power limit": "700 W",
        "gpu at start ecc": "yes",
        "load average": "1.5, 1, 0.5",
        "environment OMP_NUM_THREADS": "2",
    }


def test_several_gpus_are_numbered_and_one_is_not():
    one = {"name": "NVIDIA H100", "memory_bytes": 2**30}
    assert shown({"gpus": []}) == {"gpus": "none"}
    assert shown({"gpus": [one]}) == {"gpus name": "NVIDIA H100", "gpus memory": "1.00 GiB"}
    assert shown({"gpus": [one, one]})["gpus 2 memory"] == "1.00 GiB"


def test_what_a_unit_does_not_fit_is_shown_as_it_is():
    assert shown({"memory_bytes": "much", "x_mhz": True}) == {"memory": "much", "x": "yes"}
    assert len(machine.facts({str(number): 1 for number in range(5000)})) == machine.MOST


def trial(contender, **more):
    return Trial(contender=contender, repeat=1, seed=1, status="ok", phases={"train": 4.0, "process": 1.0}, **more)


def test_what_was_in_force_is_that_of_the_last_trial_that_told_it():
    trials = [
        trial("tf", environment={"threads": 1, "blas": "Eigen"}),
        trial("tf", environment={"threads": 2, "blas": "mkl", "rocm_build": "", "framework": "x", "tf32": False}),
        trial("tf", environment={"retraces": None}),
        trial("torch", environment={"threads": 8, "blas": "other"}),
    ]
    assert machine.in_force(Results(trials=trials), "tf") == [("threads", "2"), ("blas", "mkl"), ("tf32", "no")]
    assert machine.in_force(Results(trials=trials), "nobody") == []


def test_what_was_counted_is_set_per_second_and_what_was_not_is_a_dash():
    usage = {"cpu_seconds": 9.0, "involuntary_switches": 1000.0, "major_faults": 1200.0, "late_major_faults": 7.0}
    (found,) = machine.counted(
        Results(trials=[trial("tf", usage=usage, memory={"device": 3 * 2**30}, energy_joules=1234.0), trial("torch")])
    )
    assert (found.contender, found.repeat, found.cpu, found.switches) == ("tf", 2, "1.80", "200")
    assert found.faults == "1,200 (7 after the first step)"
    assert (found.waiting, found.device, found.energy) == ("–", f"3.00{GAP}GiB", f"1,230{GAP}J")
    (other,) = machine.counted(Results(trials=[trial("tf", usage={"waiting_seconds": 0.5})]))
    assert (other.waiting, other.device, other.energy, other.cpu) == (f"10.0{GAP}%", "–", "–", "–")
