using Totem.Simulation.Model;

namespace Totem.Simulation.Knet;

/// <summary>A packet that somebody wrote down on its way.</summary>
/// <param name="At">When.</param>
/// <param name="From">Its sender.</param>
/// <param name="Life">In which life of the sender.</param>
/// <param name="To">Its receiver.</param>
/// <param name="Link">Its link.</param>
/// <param name="Bytes">The packet.</param>
internal sealed record RecordedPacket(long At, int From, int Life, int To, int Link, byte[] Bytes);

/// <summary>Writes packets down: all of late, and some of all that ever were.</summary>
internal sealed class PacketRecorder(ulong seed)
{
    private const int RecentMax = 256;
    private const int SampleMax = 512;

    private readonly SimulationRandom _random = new(seed);
    private readonly Queue<RecordedPacket> _recent = [];
    private readonly List<RecordedPacket> _sample = [];
    private long _count;

    public void Record(RecordedPacket packet)
    {
        _recent.Enqueue(packet);
        if (_recent.Count > RecentMax)
            _recent.Dequeue();
        _count++;
        if (_sample.Count < SampleMax)
            _sample.Add(packet);
        else if (_random.Between(0, _count - 1) is var place and < SampleMax)
            _sample[(int)place] = packet;
    }

    /// <summary>The packets of which this holds.</summary>
    public RecordedPacket[] Of(Func<RecordedPacket, bool> isWanted) => [.. _sample.Concat(_recent).Where(isWanted)];
}
