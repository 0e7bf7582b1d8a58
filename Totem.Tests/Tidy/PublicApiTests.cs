using System.Reflection;

namespace Totem.Tests.Tidy;

/// <summary>
/// The public API of each library is a text file beside its project. <c>TOTEM_ACCEPT_API=1 dotnet test --filter
/// PublicApi</c> writes the files anew; the diff goes into the commit.
/// </summary>
public sealed class PublicApiTests
{
    private const string AcceptVariable = "TOTEM_ACCEPT_API";

    private static readonly Assembly[] Assemblies =
    [
        typeof(Totem.Core.RingProcessor).Assembly,
        typeof(TotemNode).Assembly,
        typeof(Totem.Hosting.TotemRing).Assembly,
        typeof(Totem.Simulation.Traces.Trace).Assembly,
        typeof(Totem.Sheepdog.IClusterDriver).Assembly,
    ];

    public static TheoryData<string> Libraries => [.. Assemblies.Select(x => x.GetName().Name!)];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void The_public_api_is_the_one_in_the_file(string library)
    {
        var actual = PublicApi.Describe(Assemblies.Single(x => x.GetName().Name == library));
        Assert.NotEmpty(actual);
        var file = $"{library}/PublicAPI.txt";
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
            File.WriteAllText(Repository.FullPath(file), string.Join('\n', actual) + "\n");

        var accepted = File.Exists(Repository.FullPath(file)) ? Repository.Lines(file) : [];
        var diff = accepted.Except(actual, StringComparer.Ordinal).Select(x => $"- {x}")
            .Concat(actual.Except(accepted, StringComparer.Ordinal).Select(x => $"+ {x}"))
            .OrderBy(x => x[2..], StringComparer.Ordinal).ToList();
        Assert.True(
            diff.Count == 0,
            $"{file} differs from the library's public API. If the change is meant, run the tests with "
            + $"{AcceptVariable}=1 and commit the file.\n"
            + string.Join('\n', diff));
        Assert.Equal(accepted, actual);
    }

    [Fact]
    public void A_description_names_what_a_user_can_see()
    {
        var lines = PublicApi.Describe(typeof(PublicApi).Assembly)
            .Where(x => x.StartsWith(typeof(Example).FullName!.Replace('+', '.'), StringComparison.Ordinal));
        var example = $"{typeof(PublicApiTests).FullName}.{nameof(Example)}";

        Assert.Equal(
            [
                $"{example}(int number)",
                $"{example}.Change(out string? old, int by = 1): bool",
                $"{example}.Equals(Example? other): bool",
                $"{example}.Equals(object? obj): bool",
                $"{example}.GetHashCode(): int",
                $"{example}.Limit: const int = 5",
                $"{example}.Name {{ get; init; }}: string?",
                $"{example}.Number {{ get; }}: int",
                $"{example}.Twice(Example? example) static: Example?",
                $"{example}: sealed class : IEquatable<Example>",
            ],
            lines, StringComparer.Ordinal);
    }

    /// <summary>Something of everything, to describe.</summary>
    public sealed class Example(int number) : IEquatable<Example>
    {
        /// <summary>A constant.</summary>
        public const int Limit = 5;

        /// <summary>A property that can be set once.</summary>
        public string? Name { get; init; }

        /// <summary>A property that cannot be set from outside.</summary>
        public int Number { get; private set; } = number;

        internal int Hidden { get; set; }

        /// <summary>A method.</summary>
        public bool Change(out string? old, int by = 1)
        {
            old = Name;
            Number += by;
            return by != 0;
        }

        /// <summary>A method of the type.</summary>
        public static Example? Twice(Example? example) => example is null ? null : new Example(2 * example.Number);

        /// <inheritdoc />
        public bool Equals(Example? other) => other is not null && other.Number == Number;

        /// <inheritdoc />
        public override bool Equals(object? obj) => Equals(obj as Example);

        /// <inheritdoc />
        public override int GetHashCode() => Number;
    }
}
