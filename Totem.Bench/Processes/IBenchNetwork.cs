namespace Totem.Bench.Processes;

/// <summary>Where the nodes of a run are.</summary>
internal interface IBenchNetwork : IDisposable
{
    /// <summary>As it is named on the command line.</summary>
    string Name { get; }

    /// <summary>The command that runs another one at a node; empty when it runs where we are.</summary>
    IReadOnlyList<string> WrapperOf(uint node);

    /// <summary>The addresses of the nodes; none on the loopback, where ports tell them apart.</summary>
    IReadOnlyList<string> Addresses { get; }

    /// <summary>The port of all, or the first of them on the loopback.</summary>
    int Port { get; }
}
