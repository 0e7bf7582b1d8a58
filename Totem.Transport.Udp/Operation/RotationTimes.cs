namespace Totem.Transport.Udp.Operation;

/// <summary>The last rotations of the token. The ring's thread writes a number a rotation and allocates nothing;
/// any thread may look, and sees each number as it is or was.</summary>
internal sealed class RotationTimes
{
    private const int Capacity = 1024;

    private readonly int[] _microseconds = new int[Capacity];
    private long _count;

    /// <summary>The ring's thread.</summary>
    public void Add(TimeSpan rotation)
    {
        var count = _count;
        _microseconds[count % Capacity] = (int)Math.Min(int.MaxValue, rotation.Ticks / TimeSpan.TicksPerMicrosecond);
        Volatile.Write(ref _count, count + 1);
    }

    /// <summary>Half of the last rotations were shorter than the first figure, and 99 of a hundred than the second.
    /// Any thread.</summary>
    public RotationStatus Read()
    {
        var count = (int)Math.Min(Capacity, Volatile.Read(ref _count));
        if (count == 0)
            return new RotationStatus(0, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
        var sorted = _microseconds.AsSpan(0, count).ToArray();
        Array.Sort(sorted);
        return new RotationStatus(count, At(0.5), At(0.99), At(1));

        TimeSpan At(double share) =>
            TimeSpan.FromMicroseconds(sorted[Math.Min(count - 1, (int)(share * count))]);
    }
}
