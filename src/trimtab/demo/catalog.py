"""The machines that the demo rents: what they hold and what an hour costs on demand.

Sources: AWS's instance type pages; on-demand Linux prices of us-east-1 since June 2025; NVIDIA's data sheets.
"""

from msgspec import Struct


class Accelerator(Struct, frozen=True):
    """A GPU model as DCGM names it. Memory in MiB, power in W, clocks in MHz, links in bytes a second."""

    name: str
    memory: int
    idle_power: float
    most_power: float
    sm_clock: int
    memory_clock: int
    link: float


class Machine(Struct, frozen=True):
    """An instance type. Memory and disk in bytes, network in bytes a second, price in dollars an hour."""

    type: str
    gpus: int
    gpu: Accelerator
    cpus: int
    memory: int
    disk: int
    network: float
    price: float

    @property
    def gpu_price(self) -> float:
        """Dollars of a GPU-hour."""
        return self.price / self.gpus


_GIB, _TB, _GBIT = 1 << 30, 10**12, 125e6

H100 = Accelerator("NVIDIA H100 80GB HBM3", 81_559, 72, 700, 1980, 2619, 900e9)
A100 = Accelerator("NVIDIA A100-SXM4-40GB", 40_960, 52, 400, 1410, 1215, 600e9)
L4 = Accelerator("NVIDIA L4", 23_034, 17, 72, 2040, 6251, 0)
A10G = Accelerator("NVIDIA A10G", 23_028, 26, 300, 1710, 6251, 0)

P5_48XLARGE = Machine("p5.48xlarge", 8, H100, 192, 2048 * _GIB, 30 * _TB, 3200 * _GBIT, 55.04)
P4D_24XLARGE = Machine("p4d.24xlarge", 8, A100, 96, 1152 * _GIB, 8 * _TB, 400 * _GBIT, 21.9576)
G6_48XLARGE = Machine("g6.48xlarge", 8, L4, 192, 768 * _GIB, 7 * _TB, 100 * _GBIT, 13.3504)
G6_12XLARGE = Machine("g6.12xlarge", 4, L4, 48, 192 * _GIB, 3 * _TB, 40 * _GBIT, 4.6016)
G5_48XLARGE = Machine("g5.48xlarge", 8, A10G, 192, 768 * _GIB, 7 * _TB, 100 * _GBIT, 16.288)
G5_12XLARGE = Machine("g5.12xlarge", 4, A10G, 48, 192 * _GIB, 3 * _TB, 40 * _GBIT, 5.672)
G5_XLARGE = Machine("g5.xlarge", 1, A10G, 4, 16 * _GIB, _TB // 4, 10 * _GBIT, 1.006)
