"""What nvidia-smi, rocm-smi and amd-smi print, in small."""

XML = """<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log>
  <driver_version>550.54</driver_version>
  <gpu id="00000000:9B:00.0">
    <product_name>NVIDIA H100 80GB HBM3</product_name><uuid>GPU-1</uuid>
    <mig_mode><current_mig>Disabled</current_mig></mig_mode>
    <fb_memory_usage><total>81559 MiB</total><used>512 MiB</used></fb_memory_usage>
    <utilization><gpu_util>42 %</gpu_util><memory_util>7 %</memory_util></utilization>
    <ecc_errors><aggregate>
      <sram_uncorrectable>1</sram_uncorrectable><dram_uncorrectable>2</dram_uncorrectable>
    </aggregate></ecc_errors>
    <temperature><gpu_temp>39 C</gpu_temp></temperature>
    <gpu_power_readings>
      <power_draw>N/A</power_draw><average_power_draw>101.50 W</average_power_draw>
    </gpu_power_readings>
    <processes>
      <process_info>
        <pid>7</pid><process_name>/opt/bin/python3</process_name><used_memory>500 MiB</used_memory>
      </process_info>
      <process_info><pid>8</pid><process_name>hidden</process_name><used_memory>N/A</used_memory></process_info>
    </processes>
  </gpu>
  <gpu id="00000000:9C:00.0">
    <product_name>NVIDIA A100</product_name><uuid>GPU-2</uuid>
    <mig_mode><current_mig>Enabled</current_mig></mig_mode>
    <mig_devices><mig_device/><mig_device/></mig_devices>
    <fb_memory_usage><total>40960 MiB</total><used>0 MiB</used></fb_memory_usage>
    <utilization><gpu_util>N/A</gpu_util></utilization>
    <power_readings><power_draw>ERR!</power_draw></power_readings>
  </gpu>
</nvidia_smi_log>
"""

ROCM = {
    "card1": {"Card series": "0x1002", "GPU use (%)": "0", "Average Graphics Package Power (W)": "N/A (Secondary die)",
              "Temperature (Sensor junction) (C)": "47.0"},
    "card0": {"Card series": "Instinct [MI300X]", "Unique ID": "0xab", "PCI Bus": "0000:1E:00.0", "GPU use (%)": "65",
              "Current Socket Graphics Package Power (W)": "139.0", "VRAM Total Memory (B)": "34342961152",
              "VRAM Total Used Memory (B)": "6782976", "Temperature (Sensor edge) (C)": "31.0",
              "Temperature (Sensor junction) (C)": "34.0"},
    "system": {"Driver version": "6.3.6", "PID77": "python, 1, 4096, 0, 0"},
}  # fmt: skip


def amd(**more: object) -> dict[str, object]:
    """A GPU as amd-smi measures it."""
    measured = {
        "usage": {"gfx_activity": {"value": 93, "unit": "%"}, "umc_activity": {"value": 20, "unit": "%"}},
        "power": {"socket_power": {"value": 600, "unit": "W"}},
        "temperature": {"edge": "N/A", "hotspot": {"value": 71, "unit": "C"}},
        "mem_usage": {"used_vram": {"value": 100, "unit": "MB"}, "total_vram": {"value": 196592, "unit": "MB"}},
        "ecc": {"total_uncorrectable_count": 4},
    }
    return {"gpu": 0, **measured, **more}
