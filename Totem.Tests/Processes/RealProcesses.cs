using Xunit;

namespace Totem.Tests.Processes;

/// <summary>Tests that run real processes on real time come one after the other, and when no other test runs.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RealProcesses
{
    /// <summary>The collection's name.</summary>
    public const string Name = "real processes";
}
