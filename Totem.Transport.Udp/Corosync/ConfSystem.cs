using System.Globalization;

namespace Totem.Transport.Udp.Corosync;

/// <summary>The <c>system</c> section, as far as it concerns the ring's thread; as corosync.conf(5) means it.</summary>
internal static class ConfSystem
{
    private const int NicenessMin = -20;
    private const int NicenessMax = 19;

    public static RingScheduling Read(ConfMap map, ConfProblems problems)
    {
        var reader = new ConfReader(map, problems, "system");
        var priority = ReadPriority(reader);
        // A priority is for who does not want real time.
        return reader.Text("sched_rr") != "no" ? RingScheduling.RealTime : priority ?? RingScheduling.Unchanged;
    }

    /// <summary>The least niceness is the greatest priority; beyond the bounds the system takes them.</summary>
    private static RingScheduling? ReadPriority(ConfReader reader)
    {
        switch (reader.Text("priority"))
        {
            case null:
                return null;
            case "max":
                return RingScheduling.Nice(NicenessMin);
            case "min":
                return RingScheduling.Nice(NicenessMax);
            case var text
                when int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var niceness):
                return niceness == 0 ? RingScheduling.Unchanged
                    : RingScheduling.Nice(int.Clamp(niceness, NicenessMin, NicenessMax));
            default:
                reader.Wrong("priority", "max, min or a niceness from -20 to 19");
                return null;
        }
    }
}
