namespace Totem.Transport.Knet.Tests.Simulation;

/// <summary>One direction of one link between two nodes.</summary>
internal sealed class PathState
{
    /// <summary>Nothing passes.</summary>
    public bool IsCut { get; set; }

    public double Loss { get; set; }

    public double Duplicates { get; set; }

    /// <summary>A packet arrives with a bit that is another.</summary>
    public double Corruption { get; set; }

    /// <summary>Least and most time that a packet takes.</summary>
    public TimeSpan DelayMin { get; set; } = TimeSpan.FromMicroseconds(50);

    public TimeSpan DelayMax { get; set; } = TimeSpan.FromMicroseconds(200);

    /// <summary>The most that the path carries; more is dropped without a word.</summary>
    public int IpBytes { get; set; } = 1500;

    /// <summary>The most that the sender's interface takes; more is refused.</summary>
    public int InterfaceIpBytes { get; set; } = 1500;

    public void Heal(int ipBytes)
    {
        (IsCut, Loss, Duplicates, Corruption) = (false, 0, 0, 0);
        (DelayMin, DelayMax) = (TimeSpan.FromMicroseconds(50), TimeSpan.FromMicroseconds(200));
        (IpBytes, InterfaceIpBytes) = (ipBytes, ipBytes);
    }
}
