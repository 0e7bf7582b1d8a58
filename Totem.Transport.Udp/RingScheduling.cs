using System.ComponentModel;
using Totem.Transport.Udp;

namespace Totem;

/// <summary>How the ring's thread competes for the processor with whatever else runs on the host.
/// Linux only; elsewhere nothing is asked for.</summary>
/// <remarks>
/// A member that is not scheduled looks dead to the others, and who waits for the token waits for its slowest host. A
/// niceness does not help across control groups and sessions, where the system shares by group; real time does, and it
/// is what corosync asks for. In a configuration it is a text: <c>RealTime</c>, <c>Unchanged</c> or a niceness.
/// </remarks>
[TypeConverter(typeof(RingSchedulingConverter))]
public sealed record RingScheduling
{
    private RingScheduling()
    {
    }

    /// <summary>
    /// The round-robin real-time class: before everything ordinary. The thread leaves a tenth of its core to others
    /// however much there is to do, and does not look for the token where others want the cores
    /// (<see cref="UdpTransportOptions.BusyPoll"/>), so it can starve nobody. Needs CAP_SYS_NICE or a limit of
    /// real-time priority (<c>LimitRTPRIO=</c>, <c>ulimit -r</c>) of 49; without it the member logs that, and asks for
    /// the niceness -10. Threads and processes that start from this thread are ordinary ones.
    /// </summary>
    public static RingScheduling RealTime { get; } = new() { IsRealTime = true };

    /// <summary>As the process runs.</summary>
    public static RingScheduling Unchanged { get; } = new();

    /// <summary>Real time is asked for.</summary>
    public bool IsRealTime { get; private init; }

    /// <summary>The niceness that is asked for; null when none is.</summary>
    public int? Niceness { get; private init; }

    /// <summary>An ordinary thread of that niceness.</summary>
    /// <param name="niceness">-20, before all others, to 19.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is outside of that.</exception>
    public static RingScheduling Nice(int niceness)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(niceness, -20);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(niceness, 19);
        return new RingScheduling { Niceness = niceness };
    }
}
