namespace Totem.Transport.Udp.Corosync;

/// <summary>The <c>system</c> section, as far as it concerns the ring's thread; as corosync.conf(5) means it.</summary>
internal static class ConfSystem
{
    private const int NicenessMin = -20;
    private const int NicenessMax = 19;

    public static RingScheduling Read(ConfSection root, List<ConfReader> readers, ConfProblems problems)
    {
        var (isRealTime, priority) = (true, (RingScheduling?)null);
        foreach (var section in root.Named("system"))
        {
            var reader = new ConfReader(section, problems);
            readers.Add(reader);
            reader.Accept("move_to_root_cgroup", "qb_ipc_type", "state_dir", "allow_knet_handle_fallback");
            isRealTime = reader.YesNo("sched_rr") ?? isRealTime;
            priority = ReadPriority(reader) ?? priority;
        }

        // A priority is for who does not want real time.
        return isRealTime ? RingScheduling.RealTime : priority ?? RingScheduling.Unchanged;
    }

    /// <summary>The least niceness is the greatest priority.</summary>
    private static RingScheduling? ReadPriority(ConfReader reader) => reader.Text("priority") switch
    {
        null => null,
        "max" => RingScheduling.Nice(NicenessMin),
        "min" => RingScheduling.Nice(NicenessMax),
        _ when reader.Integer("priority", NicenessMin, NicenessMax, "max, min or a niceness from -20 to 19") is { } niceness => RingScheduling.Nice(niceness),
        _ => null,
    };
}
